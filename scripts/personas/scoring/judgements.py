"""Ratings from judgements: verdicts read out of the judge's texts, tied to the very texts that were judged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from personas.benchmarks.base import Item
from personas.config.judges import Form
from personas.config.kinds import judged_as
from personas.config.personas import BASELINE
from personas.core.canonical import text_hash
from personas.core.errors import UserError
from personas.core.parquet import read_table
from personas.engines.request import WITH_TEXT
from personas.grid.cells import Cell
from personas.grid.completions import rubric_of
from personas.plan.frozen import FrozenPlan
from personas.prompts.judge import Scale, Verdict, parse, win
from personas.requests.tie import judged_hash

UNPARSED = "judge_unparsed"


def judged_ratings(
    frozen: FrozenPlan, cell: Cell, items: Mapping[str, Item], where: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield one rating for each answer of a judgement cell; `where` holds the columns that place it in the grid.

    An answer that was compared in both orders has the mean of both verdicts, and a rating of whether they differ.
    UserError when the judged file holds another text than the one that was judged.
    """
    judge = frozen.study.config.judges[cell.judge or ""]
    kind = rubric_of(frozen.study.config, cell)
    texts = frozen.study.judge_texts[cell.judge or ""]
    read_verdict = partial(
        _read, form=judge.form, scale=texts.scale(kind), binary=texts.binary, unsure=texts.may_be_unsure
    )
    answer_texts = _texts(frozen, cell)
    verdicts: dict[tuple[int, str | None], list[tuple[str, float | None]]] = {}
    cut: dict[tuple[int, str | None], bool] = {}
    for row in read_table(frozen.results / cell.path).to_pylist():
        place = (row["round"] or row["checkpoint"], row["item_id"])
        if judged_hash(answer_texts.get(place)) != row["judged_sha256"]:
            raise UserError(
                f"{cell.path}: judged another text than {_judged_name(cell)} holds now, expected the "
                f"same; make it again: personas forget '{cell.path}'."
            )
        verdicts.setdefault(place, []).append(read_verdict(row))
        cut[place] = cut.get(place, False) or bool(row.get("cut"))  # not in files of earlier versions
    for (before, item), readings in verdicts.items():
        place_columns = {
            **where,
            "round": before if item is None else None,
            "checkpoint": None if item is None else before,
            "item_id": item,
            "label": _label(items.get(item or "")),
            "judge": cell.judge,
            "reference": cell.reference,
            "judged_sha256": text_hash(answer_texts[before, item]),
            "cut": cut[before, item],
        }
        yield {**place_columns, "metric": judged_as(kind), **_together(readings)}
        if len(readings) > 1:
            yield {**place_columns, "metric": FOLLOWS_ORDER, **_by_order(readings)}


def completion_ratings(frozen: FrozenPlan, cell: Cell, labels: str) -> Iterator[dict[str, Any]]:
    """Yield one rating for each published answer, under the model that wrote it; UserError as above."""
    written_by = {completion.unit: completion.model for completion in frozen.study.completions[labels]}
    where = {"persona": BASELINE, "is_baseline": True}
    for row in judged_ratings(frozen, cell, {}, where):
        yield {**row, "model": written_by[row["item_id"]]}


def _judged_name(cell: Cell) -> str:
    return cell.judged.path if cell.judged else f"calibration.labels.{cell.completions}"


FOLLOWS_ORDER = "follows-order"
"""Metric of an answer compared in both orders: 1.0 if the verdict follows the order, 0.0 if the answers."""


def _together(verdicts: Sequence[tuple[str, float | None]]) -> dict[str, Any]:
    """Put the verdicts on one answer together: their mean, or the first status of one that has no value."""
    lacking = [status for status, value in verdicts if value is None]
    if lacking:
        return {"status": lacking[0], "value": None}
    return {"status": "ok", "value": sum(value or 0.0 for _, value in verdicts) / len(verdicts)}


def _by_order(verdicts: Sequence[tuple[str, float | None]]) -> dict[str, Any]:
    together = _together(verdicts)
    if together["value"] is not None:
        together["value"] = float(len({value for _, value in verdicts}) > 1)
    return together


def _texts(frozen: FrozenPlan, cell: Cell) -> dict[tuple[int, str | None], str | None]:
    if cell.completions:
        return {(0, c.unit): c.text for c in frozen.study.completions[cell.completions]}
    if cell.judged is None:
        raise ValueError(f"{cell.path}: not a judgement")
    is_dialogue = cell.judged.benchmark is None
    columns = ["round"] if is_dialogue else ["checkpoint", "item_id"]
    rows = read_table(frozen.results / cell.judged.path, columns=[*columns, "answer"]).to_pylist()
    return {(row[columns[0]], row.get("item_id")): row["answer"] for row in rows}


def _label(item: Item | None) -> str | None:
    if item is None:
        return None
    label: str | None = item.scoring.get("trait") or item.scoring.get("label")
    return label


def _read(row: Mapping[str, Any], form: Form, scale: Scale, binary: bool, unsure: bool) -> tuple[str, float | None]:
    """Return status and value of a row; what was not judged has the status of the answer."""
    if row["request_key"] is None:
        return row["status"], None
    # A text cut short may end in half a verdict; only a whole JSON object shows that it is whole.
    cut = row["status"] == "truncated" and form != "json"
    if row["status"] not in WITH_TEXT or cut:
        return UNPARSED, None
    verdict = parse(form, scale, row["answer"], binary=binary, unsure=unsure)
    return (verdict.status, _VALUES[scale](verdict, row) if verdict.status == "ok" else None)


_VALUES: Mapping[Scale, Callable[[Verdict, Mapping[str, Any]], float | None]] = {
    "likert": lambda verdict, row: verdict.value,
    "yes-no": lambda verdict, row: verdict.value,
    "pairwise": lambda verdict, row: win(verdict.label or "", row["reference_is_a"]),
}
