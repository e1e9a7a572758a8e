"""Our reading of the judges' texts and the study's, side by side."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from personas.core.parquet import read_table
from personas.engines.request import WITH_TEXT
from personas.exports.release.regexes import Reading, study_reading
from personas.grid.cells import Cell
from personas.plan.frozen import FrozenPlan
from personas.prompts.judge import parse

_SHOWN = 160
"""Characters of the end of a text that a difference shows."""

COLUMNS = (
    *("model", "judge", "metric", "reference", "outcome", "n", "ours", "ours_status", "study", "study_how"),
    *("persona", "as_persona", "condition", "order", "checkpoint", "round", "item_id", "file", "end_of_text"),
)
"""`outcome` is `same` (one row for all texts of a metric that both read alike) or `differs` (one row a text)."""


def verdicts(frozen: FrozenPlan, cells: list[Cell]) -> pd.DataFrame:
    """Return how both read the texts of judgement cells of one model and judge; every difference has its row.

    Texts on answers that nobody could judge are left out: the study judged a null as the word null.
    """
    same: Counter[tuple[str, str | None]] = Counter()
    rows = list[Mapping[str, Any]]()
    for cell in cells:
        for row in _differences(frozen, cell, same):
            rows.append(row)
    first = cells[0]
    agreed = [
        {"metric": metric, "reference": reference, "outcome": "same", "n": n, "judge": first.judge}
        for (metric, reference), n in sorted(same.items(), key=str)
    ]
    table = pd.DataFrame([*agreed, *rows], columns=list(COLUMNS))
    table["model"] = first.track.model
    return table.astype({"checkpoint": "Int64", "round": "Int64"})


def _differences(
    frozen: FrozenPlan, cell: Cell, same: Counter[tuple[str, str | None]]
) -> Iterator[Mapping[str, Any]]:
    judge, study = frozen.study.config.judges[cell.judge or ""], frozen.study
    kind = study.config.rubric(cell.kind)
    scale = study.judge_texts[cell.judge or ""].scale(kind)
    for row in _texts(frozen.results / cell.path):
        ours = parse(judge.form, scale, row["answer"])
        theirs = study_reading(judge.form, scale, row["answer"], cell.metric is not None)
        read = ours.label or (None if ours.value is None else str(int(ours.value)))
        if _alike(read, theirs):
            same[cell.kind, cell.reference] += 1
            continue
        yield {
            "judge": cell.judge,
            "metric": cell.kind,
            "reference": cell.reference,
            "outcome": "differs",
            "n": 1,
            "ours": read,
            "ours_status": ours.detail or ours.status,
            "study": theirs.verdict,
            "study_how": theirs.how,
            "persona": cell.track.persona,
            "as_persona": cell.as_persona,
            "condition": cell.track.condition,
            "order": cell.track.order,
            "checkpoint": row["checkpoint"],
            "round": row["round"],
            "item_id": row["item_id"],
            "file": row["served_by"].removeprefix("released "),
            "end_of_text": row["answer"][-_SHOWN:],
        }


def _texts(path: Path) -> list[dict[str, Any]]:
    columns = ["round", "checkpoint", "item_id", "answer", "status", "served_by", "request_key"]
    rows = read_table(path, columns=columns).to_pylist()
    return [row for row in rows if row["request_key"] is not None and row["status"] in WITH_TEXT]


def _alike(ours: str | None, theirs: Reading) -> bool:
    """Tell whether both read the same; what makes the study's scripts stop or draw is a difference in any case."""
    if theirs.how not in ("pattern", "fallback"):
        return False
    return ours is not None and ours.lower() == (theirs.verdict or "").lower()
