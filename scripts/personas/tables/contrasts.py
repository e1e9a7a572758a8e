"""Paired differences at each position, with their intervals, a test, and the noise floor of replicates."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.intervals import CONFIDENCE, ITEMS, UNITS, Estimate, estimate
from personas.stats.pairs import DECIMALS, POINT, cell_means, pairs
from personas.tables.items.variances import Variances
from personas.tables.table import generalisation, table

CONTRAST_DTYPES = {
    "measure": "str",
    "contrast": "str",
    "condition": "str",
    "group": "str",
    "axis": "str",
    "position": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "p": "float64",
    "items_low": "float64",
    "items_high": "float64",
    "items_p": "float64",
    "noise": "float64",
    "n_pairs": "int64",
    "n_missing": "int64",
    "n_scored": "int64",
    "n_planned": "int64",
}
_FAMILY = [key for key in POINT if key != "position"]
"""The positions of one family are one line of a figure."""


def contrasts(
    values: pd.DataFrame, variances: pd.DataFrame, conditions: Sequence[str], generalise: Collection[str] = UNITS
) -> pd.DataFrame:
    """Return one row for each measure, contrast and position: the mean of paired differences, in the measure's unit.

    Contrasts: `condition:<a>-<b>` (two conditions, for each `group`), `progression` (a position minus the first, for
    each `condition` and `group`), `baseline` (persona minus baseline, for each `condition`); see
    `personas.stats.pairs`. A pair is a model and a persona, orders and replicates averaged. `low`, `high` and `p`:
    interval and test over the units that `over` names (`personas.stats.intervals`), which are those of `generalise`
    of which there are enough; `items_low`, `items_high`, `items_p`: for these very models and personas, over items
    alone. `variances` are `personas.tables.items.variances`. Nothing here is corrected for how many rows there are:
    claims are, in `personas.tables.by_model`. `noise`: half the width of the 95 % interval that the mean would have
    if both sides were replicates of one another: t * sqrt(2 * s2 / R / n_pairs), with s2 the variance between
    replicates of a cell, pooled over the cells of the point, t of its degrees of freedom, and R the replicates
    averaged; where a baseline stands in several pairs, it counts as the one cell it is (see `_noise`). NaN with one
    replicate. `n_pairs` have both values, `n_missing` are planned and lack one; `n_scored` and `n_planned` count the
    items of all their cells. Columns and types: `CONTRAST_DTYPES`, sorted by the first six.
    """
    differences, item_variances = pairs(cell_means(values), conditions), Variances(variances)
    families = differences.groupby(_FAMILY, dropna=False, sort=True)
    parts = [family(rows, generalise, item_variances) for _, rows in families]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(CONTRAST_DTYPES))
    return table[list(CONTRAST_DTYPES)].astype(CONTRAST_DTYPES)


def family(
    rows: pd.DataFrame, generalise: Collection[str] = UNITS, item_variances: Variances | None = None
) -> pd.DataFrame:
    """Return the points of one family of pairs (see `personas.stats.pairs.pairs`), by position.

    Columns as in `contrasts`. A comparison of two runs makes its points of it as well.
    """
    cube, positions, at = _cube(rows)
    where = {key: rows[key].iat[0] for key in _FAMILY}
    points = [
        _point(cube[:, :, place], where | {"position": position}, generalise, item_variances)
        for place, position in enumerate(positions)
    ]
    sums = {"n_missing": rows["value"].isna(), "n_scored": rows["n_scored"], "n_planned": rows["n_planned"]}
    counts = {name: np.bincount(at, weights=values).astype("int64") for name, values in sums.items()}
    return pd.DataFrame(points).assign(noise=_noises(rows), **counts)


def _point(
    cells: np.ndarray, point: dict[str, Any], generalise: Collection[str], item_variances: Variances | None
) -> dict[str, Any]:
    items = item_variances.of(point) if item_variances else None
    mean, low, high, p, over, n = _round(estimate(cells, generalise=generalise, items=items))
    alone = _round(estimate(cells, generalise=[ITEMS], items=items))
    interval = {"mean": mean, "low": low, "high": high, "over": over, "p": p, "n_pairs": n}
    return {**point, **interval, "items_low": alone.low, "items_high": alone.high, "items_p": alone.p}


def _round(result: Estimate) -> Estimate:
    """Return an estimate in which a bound at 0 is 0 and not the noise of a sum, nor -0."""
    bounds = {name: round(getattr(result, name), DECIMALS) + 0.0 for name in ("mean", "low", "high")}
    return result._replace(**bounds)


def _cube(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return differences as models x personas x positions, the positions, and at which of them each row stands.

    NaN where a model and a persona are no pair.
    """
    keys = [pd.factorize(rows[name], sort=True, use_na_sentinel=False) for name in ("model", "persona", "position")]
    cube = np.full([len(levels) for _, levels in keys], np.nan)
    cube[tuple(codes for codes, _ in keys)] = rows["value"]
    at, positions = keys[-1]
    return cube, np.asarray(positions), at


def _noises(rows: pd.DataFrame) -> list[float] | float:
    if not ((rows["freedom_a"] > 0).any() or (rows["freedom_b"] > 0).any()):
        return np.nan
    return [_noise(at[at["value"].notna()]) for _, at in rows.groupby("position", sort=True)]


def _noise(at: pd.DataFrame) -> float:
    """Return the noise floor of one point from its pairs.

    The variance of a mean of n differences of independent cells is s2 / R * (sum of w^2) / n^2, where w is how
    often a cell stands in the pairs: 2 * s2 / R / n if each stands in one.
    """
    from scipy.special import stdtrit  # slow to import, and a plan needs no noise

    each = at.drop_duplicates("cell_b")
    freedom = at["freedom_a"].sum() + each["freedom_b"].sum()
    if not freedom:
        return np.nan
    variance = (at["spread_a"].sum() + each["spread_b"].sum()) / freedom
    averaged = 2 * len(at) / (1 / at["replicates_a"] + 1 / at["replicates_b"]).sum()
    weights = sum((at[side].value_counts() ** 2).sum() for side in ("cell_a", "cell_b"))
    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2) * np.sqrt(variance / averaged * weights) / len(at))


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    files = {"values": context.outputs("values"), "variances": context.outputs("item_variances")}
    yield Instance("contrasts", files, {"conditions": list(grid.study.config.conditions), **generalisation(grid)})


CONTRASTS = table("contrasts", contrasts, _instances, module=__name__, title="Paired differences with intervals")
