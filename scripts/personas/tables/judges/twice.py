"""Answers that a judge rated twice: both values of each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from personas.benchmarks.base import Item
from personas.grid.cells import Cell, Second
from personas.grid.grid import Grid
from personas.grid.question_sets import items_of
from personas.plan.frozen import FrozenPlan
from personas.scoring.judgements import FOLLOWS_ORDER, judged_ratings

_PLACE = ["judge", "metric", "cell", "round", "checkpoint", "item_id"]


def pairs_of(grid: Grid, kinds: Sequence[Second]) -> list[str]:
    """Return the paths of the judgements that were made a second time in one of these ways, each with its first."""
    second = [cell for cell in grid.cells if cell.second in kinds]
    first = {cell.plain_path: cell for cell in grid.cells if cell.judge and not cell.second}
    return [path for cell in second for path in (cell.path, first[_first_path(cell)].path)]


def values_of(cells: Sequence[Path], frozen: FrozenPlan) -> pd.DataFrame:
    """Return a row for each answer rated twice: judge, metric, model, persona, item_id (empty for a round), cell (the
    plain path of the first judgement), `second` (what is other in the second one), `value_first`, `value_second`.

    `cells` are those of `pairs_of`. A value is NaN where the verdict has none.
    """
    judgements = [frozen.grid.by_path[path.relative_to(frozen.results).as_posix()] for path in cells]
    ratings = pd.concat([_ratings(frozen, cell) for cell in judgements], ignore_index=True)
    is_second = ratings["second"] != ""
    first, again = ratings[~is_second][[*_PLACE, "value"]], ratings[is_second]
    return again.merge(first, on=_PLACE, suffixes=("_second", "_first"), validate="one_to_one")


def _ratings(frozen: FrozenPlan, cell: Cell) -> pd.DataFrame:
    entries = [
        row for row in judged_ratings(frozen, cell, _items(frozen.grid, cell), {}) if row["metric"] != FOLLOWS_ORDER
    ]
    columns = ["judge", "metric", "round", "checkpoint", "item_id", "value"]
    rows = pd.DataFrame(entries, columns=columns).astype({"value": "float64"})
    filled = {"round": rows["round"].fillna(-1), "checkpoint": rows["checkpoint"].fillna(-1)}
    where = {"cell": _first_path(cell), "model": cell.track.model, "persona": cell.track.persona}
    return rows.assign(**filled, item_id=rows["item_id"].fillna(""), **where, second=cell.second)


def _first_path(cell: Cell) -> str:
    return cell.plain_path.removesuffix(f"--{cell.second}.parquet") + ".parquet" if cell.second else cell.plain_path


def _items(grid: Grid, cell: Cell) -> Mapping[str, Item]:
    judged = cell.judged
    if judged is None or judged.benchmark is None:
        return {}
    items = items_of(grid.study, judged)
    return {item.id: item for item in items}
