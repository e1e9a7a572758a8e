"""What a judgement cell rates: one row for each row of the judged cell, with the texts that the judge reads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from personas.benchmarks.base import Item
from personas.benchmarks.human import Completion
from personas.core.canonical import text_hash
from personas.engines.request import WITH_TEXT, Status
from personas.grid.cells import Cell
from personas.grid.completions import rubric_of
from personas.grid.grid import Grid
from personas.grid.judgements import read_of_item
from personas.grid.question_sets import items_of
from personas.prompts.judge.mask import mask_name
from personas.prompts.judge.order import in_order, orders_of
from personas.prompts.thinking import strip_thinking
from personas.requests.earlier import nearest
from personas.requests.tie import judged_hash


@dataclass(frozen=True)
class JudgedRow:
    """One answer to rate. `before`: round (of a dialogue) or checkpoint. `answers`: one, or A and B.

    `not_judged` is the status of an answer, or of a reference, that has no text to rate; `why` says which.
    `judged_sha256` ties it to the very text in the judged file (`tie`), `reference_sha256` to the reference, or to
    what was said `earlier`, where a judge reads that too.
    """

    before: int
    item: str | None
    user_turn: str
    answers: Sequence[str]
    judged_sha256: str | None
    trait: str | None = None
    reference_sha256: str | None = None
    reference_is_a: bool | None = None
    not_judged: Status | None = None
    why: str | None = None
    earlier: Sequence[str] = ()


def judged_rows(grid: Grid, cell: Cell, read: Callable[[Cell], Sequence[Mapping[str, Any]]]) -> list[JudgedRow]:
    """Return the rows of a judgement cell: `read` gives those of the cell that it rates."""
    if cell.completions:
        return [_published_row(completion) for completion in grid.study.completions[cell.completions]]
    judged = cell.judged
    if judged is None:
        raise ValueError(f"{cell.path}: not a judgement")
    rows = _mask_rows(grid, cell, judged, read(judged))
    reads_earlier = grid.study.judge_texts[cell.judge or ""].reads_earlier(rubric_of(grid.study.config, cell))
    if judged.benchmark is None:
        plain = [_plain(row["round"], None, row["user"], row, None) for row in rows]
        return _beside_nearest(plain) if reads_earlier else plain
    items = items_of(grid.study, judged)
    if cell.reference is not None:
        return list(_pair_rows(grid, cell, judged, items, rows))
    item_texts = {item.id: read_of_item(grid.study, judged, item) for item in items}
    plain = [
        _plain(row["checkpoint"], row["item_id"], row["prompt"], row, item_texts[row["item_id"]]) for row in rows
    ]
    return _beside_first(plain, grid.study.config.checkpoints[0]) if reads_earlier else plain


def _beside_nearest(rows: Sequence[JudgedRow]) -> list[JudgedRow]:
    """Return all rounds but the first, each with the earlier answers that are nearest to it."""
    texts = [row.answers[0] if row.not_judged is None else "" for row in rows]
    chosen = nearest([row.user_turn for row in rows], texts)
    return [_beside(row, [texts[place] for place in own]) for row, own in zip(rows, chosen, strict=True)][1:]


def _beside_first(rows: Sequence[JudgedRow], first: int) -> list[JudgedRow]:
    """Return the answers at later checkpoints, each with that to the same item at the first one."""
    at_first = {row.item: row for row in rows if row.before == first}
    return [_beside(row, _texts_of(at_first[row.item])) for row in rows if row.before != first]


def _texts_of(row: JudgedRow) -> Sequence[str]:
    return row.answers if row.not_judged is None else ()


def _beside(row: JudgedRow, earlier: Sequence[str]) -> JudgedRow:
    if row.not_judged is not None:
        return row
    if not earlier:
        return replace(row, not_judged="empty", why="not judged: there is nothing earlier to compare with")
    return replace(row, earlier=earlier, reference_sha256=text_hash("\n".join(earlier)))


def _mask_rows(
    grid: Grid, cell: Cell, judged: Cell, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Return rows without the name of who is addressed in their user turns, unless a judge reads it."""
    study, track = grid.study, judged.track
    if not study.config.judges[cell.judge or ""].mask:
        return rows
    persona = study.personas.get(track.replays or track.persona)
    name = persona.role if persona else study.config.models[track.model].addressed_as
    column = "user" if judged.benchmark is None else "prompt"
    return [{**row, column: mask_name(row[column], name)} for row in rows]


def _published_row(completion: Completion) -> JudgedRow:
    answer = {"answer": completion.text, "status": "ok"}
    return _plain(0, completion.unit, completion.prompt, answer, None)


def _plain(before: int, item: str | None, turn: str, row: Mapping[str, Any], trait: str | None) -> JudgedRow:
    text, lacking = _text(row)
    why = None if lacking is None else f"not judged: the answer ended as {lacking}"
    return JudgedRow(before, item, turn, [text], judged_hash(row["answer"]), trait, not_judged=lacking, why=why)


def _pair_rows(
    grid: Grid, cell: Cell, judged: Cell, items: Sequence[Item], rows: Sequence[Mapping[str, Any]]
) -> Iterator[JudgedRow]:
    rank = {item.id: index for index, item in enumerate(items)}
    item_texts = {item.id: read_of_item(grid.study, judged, item) for item in items}
    checkpoints = list(grid.study.config.checkpoints)
    answers = {(row["checkpoint"], row["item_id"]): row for row in rows}
    for row in rows:
        t, item = row["checkpoint"], row["item_id"]
        if cell.reference == "dataset":
            reference = _reference_row(item_texts[item])
        elif t == checkpoints[0]:
            continue
        else:
            reference = answers[earlier(checkpoints, t, cell.reference), item]
        for first in orders_of(grid.study.config.judges[cell.judge or ""], rank[item], item):
            yield _pair(row, reference, first)


def earlier(checkpoints: Sequence[int], t: int, reference: str | None) -> int:
    """Return the checkpoint whose answers those at `t` are compared with."""
    return checkpoints[0] if reference == "zero" else checkpoints[checkpoints.index(t) - 1]


def _reference_row(reference: str | None) -> Mapping[str, Any]:
    return {"answer": reference, "status": "ok"}


def _pair(row: Mapping[str, Any], reference: Mapping[str, Any], first: bool) -> JudgedRow:
    (text, lacking), (other, other_lacking) = _text(row), _text(reference)
    why = None
    if lacking or other_lacking:
        why = f"not judged: the {'answer' if lacking else 'reference'} ended as {lacking or other_lacking}"
    return JudgedRow(
        row["checkpoint"],
        row["item_id"],
        row["prompt"],
        in_order(other, text, first),
        judged_hash(row["answer"]),
        reference_sha256=judged_hash(reference["answer"]),
        reference_is_a=first,
        not_judged=lacking or other_lacking,
        why=why,
    )


def _text(row: Mapping[str, Any]) -> tuple[str, Status | None]:
    """Return what there is to read, and the status where there is nothing."""
    text, status = row["answer"] or "", row["status"]
    if status not in WITH_TEXT:
        return "", status
    if not strip_thinking(text)[0].strip():
        return "", "empty"
    return text, None
