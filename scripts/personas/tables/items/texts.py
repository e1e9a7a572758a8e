"""The answers behind the items that changed most over a dialogue, as they were said."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from personas.config.personas import BASELINE
from personas.core.parquet import read_frame
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.tables import reading
from personas.tables.items.changes import LENGTH, Measure
from personas.tables.measures import refusals_of
from personas.tables.table import ratings, table

MOST = 10
"""Items shown of each measure and condition."""

TEXT_DTYPES = {
    "measure": "str",
    "condition": "str",
    "rank": "int64",
    "item_id": "str",
    "label": "str",
    "type": "str",
    "focus": "str",
    "change": "float64",
    "prompt": "str",
    "model": "str",
    "persona": "str",
    "order": "str",
    "replicate": "int64",
    "checkpoint": "int64",
    "value": "float64",
    "verdict": "str",
    "status": "str",
    "answer": "str",
}
_ANSWER = ["model", "persona", "condition", "order", "replicate", "checkpoint", "benchmark", "item_id"]
"""The columns that name one answer of a persona: two benchmarks may each have an item of the same id."""
_PAIR = ["model", "persona", "order", "replicate"]


def most_changed(items: pd.DataFrame, measures: Sequence[str], most: int = MOST) -> pd.DataFrame:
    """Return the `most` items of each measure and condition that changed most from first to last checkpoint.

    `items` is `personas.tables.items.changes.changed_items`. Adds `rank`, from 1; of equal changes the smaller id
    comes first. Items that did not change are left out.
    """
    rows = items[(items["contrast"] == LENGTH) & items["measure"].isin(measures) & (items["change"].abs() > 0)]
    rows = rows.assign(size=rows["change"].abs()).sort_values(["size", "item_id"], ascending=[False, True])
    ranked = rows.assign(rank=rows.groupby(["measure", "condition"]).cumcount() + 1)
    return ranked[ranked["rank"] <= most].sort_values(["measure", "condition", "rank"], ignore_index=True)


def changed_texts(
    chosen: pd.DataFrame, verdicts: Iterable[tuple[Measure, pd.DataFrame]], answers: pd.DataFrame
) -> pd.DataFrame:
    """Return the personas' answers to the chosen items at first and last checkpoint; columns `TEXT_DTYPES`.

    `chosen` is `most_changed`; `verdicts` are pairs of a measure and its ratings (with `value` and `status`),
    `answers` the responses (`_ANSWER`, answer, status). Of each item those (model, persona, order, replicate) are
    shown whose verdict changed, or lacks on one side; `status` is the answer's, `verdict` the rating's. An answer
    without text has a status and no answer.

    Raises:
        MergeError: an answer or a verdict is there twice.
    """
    parts = []
    for measure, of_measure in verdicts:
        items = chosen[chosen["measure"] == measure["measure"]].drop(columns=["n", "n_missing", "contrast"])
        verdict_rows = of_measure.rename(columns={"status": "verdict"})[[*_ANSWER, "value", "verdict"]]
        rows = items.merge(
            verdict_rows, on=["benchmark", "condition", "item_id"], how="inner", validate="one_to_many"
        )
        rows = rows.merge(answers[[*_ANSWER, "answer", "status"]], on=_ANSWER, how="left", validate="one_to_one")
        parts.append(rows[_has_moved(rows)])
    nonempty = [part for part in parts if len(part)]
    table = pd.concat(nonempty, ignore_index=True) if nonempty else pd.DataFrame(columns=list(TEXT_DTYPES))
    ordered = table.sort_values(["measure", "condition", "rank", *_PAIR, "checkpoint"], ignore_index=True)
    return ordered[list(TEXT_DTYPES)].astype(TEXT_DTYPES)


def _has_moved(rows: pd.DataFrame) -> pd.Series:
    """Tell whether the verdict of a pair differs between first and last checkpoint, or is missing at one of them."""
    values = rows.groupby(["measure", "condition", "item_id", *_PAIR], dropna=False)["value"]
    return (values.transform("nunique") > 1) | (values.transform("count") < values.transform("size"))


_ANSWERED = ["checkpoint", "item_id", "answer", "status"]


def texts_of_files(
    items: Sequence[Path],
    ratings: Sequence[Path],
    responses: Sequence[Path],
    *,
    measures: Sequence[Measure],
    ends: Sequence[int],
    frozen: FrozenPlan,
) -> pd.DataFrame:
    """Return `changed_texts` of the table of items, of ratings and responses, read at both `ends` only."""
    chosen = most_changed(read_frame(items[0]), [measure["measure"] for measure in measures])
    at_ends = [("checkpoint", "in", sorted(set(ends)))]
    rated = pd.concat([read_frame(path, filters=at_ends) for path in ratings], ignore_index=True)
    rated = rated[(rated["metric"] == "refusal") & ~rated["is_baseline"].astype(bool)]
    answers = reading.rows_of_cells(frozen, responses, _ANSWERED, filters=at_ends)
    return changed_texts(chosen, _verdicts(rated, measures), answers)


def _verdicts(ratings: pd.DataFrame, measures: Sequence[Measure]) -> Iterator[tuple[Measure, pd.DataFrame]]:
    for measure in measures:
        keep = pd.Series(True, index=ratings.index)
        for column in ("benchmark", "judge", "label"):
            keep &= ratings[column] == measure[column]
        yield measure, ratings[keep]


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if refusals := refusals_of(grid):
        benchmarks, checkpoints = {m["benchmark"] for m in refusals}, grid.study.config.checkpoints
        files = {
            "items": context.outputs("changed_items"),
            "ratings": ratings(context, benchmarks),
            "responses": [
                cell.path
                for cell in grid.plain_cells
                if cell.stage == "responses" and cell.benchmark in benchmarks and cell.track.persona != BASELINE
            ],
        }
        yield Instance("changed-texts", files, {"measures": refusals, "ends": [checkpoints[0], checkpoints[-1]]})


CHANGED_TEXTS = table(
    "changed_texts",
    texts_of_files,
    _instances,
    module=__name__,
    title="Texts of the items that changed most",
    from_files=True,
    with_plan=True,
)
