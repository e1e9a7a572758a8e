"""Pairs of cells whose values are subtracted: conditions, a position and the first, persona and baseline."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import pandas as pd

from personas.grid.value_columns import KEYS
from personas.stats import checks

CELL = ["measure", "axis", "model", "group", "persona", "condition", "position"]
POINT = ["measure", "contrast", "condition", "group", "axis", "position"]
"""The columns that name one mean over pairs; the pairs of a point are of one `model` and `persona` each."""

DECIMALS = 12
"""Means and bounds of differences are rounded to so many, so that a bound at 0 is 0 and not the noise of a sum."""

_SIDE = ["value", "spread", "freedom", "replicates", "cell"]
_ITEMS = ["n_scored", "n_planned"]


def cell_means(values: pd.DataFrame) -> pd.DataFrame:
    """Return one row per `CELL` of a table of values: orders averaged first, then replicates.

    `value` is the mean over replicates that have one (NaN without any); `spread` the sum of their squared
    deviations from it, `freedom` how many of them are free (0 with one), `replicates` how many there are;
    `n_scored` and `n_planned` count its items; `cell` numbers the rows.

    Raises:
        ValueError: a value is there twice.
    """
    checks.require_columns(values, [*KEYS, "value", *_ITEMS], "table of values")
    checks.require_unique(values, KEYS, "values")
    items = {name: (name, "sum") for name in _ITEMS}
    orders = values.groupby([*CELL, "replicate"], dropna=False, sort=True)
    by_replicate = orders.agg(value=("value", "mean"), **items).reset_index()
    by_cell = by_replicate.groupby(CELL, dropna=False, sort=True)
    spreads = {"spread": ("value", "var"), "replicates": ("value", "count")}
    cells = by_cell.agg(value=("value", "mean"), **spreads, **items).reset_index()
    freedom = (cells["replicates"] - 1).clip(lower=0)
    spread = (cells["spread"] * freedom).fillna(0.0)
    return cells.assign(spread=spread, freedom=freedom, cell=range(len(cells)))


def pairs(cells: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """Return every pair of `cell_means` that the contrasts compare, one row each.

    Columns: `POINT`, model, persona, `value` (difference; NaN where a side has none), `n_scored` and `n_planned`
    (items of both sides), and of both sides `spread`, `freedom`, `replicates`, `cell`, with the suffixes `_a` and
    `_b`. A row is there where both sides are planned. `conditions` are in the order of the config.
    """
    parts = [*between_conditions(cells, conditions), since_first(cells), against_baseline(cells)]
    return pd.concat(parts, ignore_index=True)


def between_conditions(cells: pd.DataFrame, conditions: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield, for every two conditions, the earlier minus the later: same model, group, persona and position."""
    on = [key for key in CELL if key != "condition"]
    for one, other in combinations(conditions, 2):
        a, b = (cells[cells["condition"] == condition] for condition in (one, other))
        yield _subtract(a.drop(columns="condition"), b, on).assign(
            contrast=f"condition:{one}-{other}", condition=None
        )


def with_intervention(cells: pd.DataFrame, without: pd.DataFrame) -> pd.DataFrame:
    """Return cells with an intervention minus the same cells without."""
    return _subtract(cells, without, CELL).assign(contrast="intervention")


def since_first(cells: pd.DataFrame) -> pd.DataFrame:
    """Return every position minus the first of its measure, which has no row itself."""
    first = cells.groupby("measure")["position"].transform("min")
    on = [key for key in CELL if key != "position"]
    later, begin = cells[cells["position"] > first], cells[cells["position"] == first]
    return _subtract(later, begin, on).assign(contrast="progression")


def against_baseline(cells: pd.DataFrame) -> pd.DataFrame:
    """Return persona minus baseline: same model, condition and position, and the baseline of this very persona.

    A baseline whose answers belong to nobody is that of every persona of its model.
    """
    personas = cells[cells["group"] == "persona"].drop(columns="group")
    baselines = cells[cells["group"] == "baseline"]
    on = [key for key in CELL if key != "group"]
    bound = _subtract(personas, baselines[baselines["persona"].notna()], on)
    free = baselines[baselines["persona"].isna()].drop(columns="persona")
    shared = _subtract(personas, free, [key for key in on if key != "persona"])
    return pd.concat([bound, shared], ignore_index=True).assign(contrast="baseline", group=None)


def _subtract(one: pd.DataFrame, other: pd.DataFrame, on: Sequence[str]) -> pd.DataFrame:
    """Join two tables of cells by key, many to one, and subtract."""
    sides = [*_SIDE, *_ITEMS]
    joined = one.merge(other[[*on, *sides]], on=list(on), suffixes=("_a", "_b"), validate="many_to_one")
    items = {name: joined[f"{name}_a"] + joined[f"{name}_b"] for name in _ITEMS}
    differences = joined.assign(value=joined["value_a"] - joined["value_b"], **items)
    return differences.drop(columns=[f"{name}_{side}" for name in ("value", *_ITEMS) for side in "ab"])
