"""Paired differences at each position, with two intervals, a test, and the noise floor of replicates."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scripts.analysis.bootstrap import bootstrap_mean
from scripts.analysis.clustered import clustered
from scripts.analysis.flips import p_values, q_values
from scripts.analysis.pairs import DECIMALS, POINT, cell_means, pairs

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
    "cluster_low": "float64",
    "cluster_high": "float64",
    "p": "float64",
    "q": "float64",
    "noise": "float64",
    "n_pairs": "int64",
    "n_missing": "int64",
    "n_scored": "int64",
    "n_planned": "int64",
}
_FAMILY = [key for key in POINT if key != "position"]
"""The positions of one family are corrected together."""

NORMAL = 1.96


def contrasts(values: pd.DataFrame, conditions: Sequence[str], *, resamples: int, seed: int) -> pd.DataFrame:
    """Return one row for each measure, contrast and position: the mean of paired differences, in the measure's unit.

    Contrasts: `condition:<a>-<b>` (two conditions, for each `group`), `progression` (a position minus the first,
    for each `condition` and `group`), `baseline` (persona minus baseline, for each `condition`); see
    `scripts.analysis.pairs`. A pair is a model and a persona, orders and replicates averaged. `low`, `high`:
    percentile bootstrap over the pairs, as if these were independent; `cluster_low`, `cluster_high`: over models
    and personas (`clustered`). `p`: sign flips over pairs (over models, where all personas of a model share one
    baseline); `q`: Benjamini and Hochberg over the positions of one measure, contrast, condition and group.
    `noise`: half the width of the 95 % interval that the mean would have if both sides were replicates of one
    another: 1.96 * sqrt(2 * s2 / R / n_pairs), with s2 the variance between replicates of a cell, pooled over the
    cells of the point, and R the replicates averaged; where a baseline stands in several pairs, it counts as the
    one cell it is (see `_noise`). NaN with one replicate. `n_pairs` have both values, `n_missing` are planned and
    lack one; `n_scored` and `n_planned` count the items of all their cells. Columns and types: `CONTRAST_DTYPES`,
    sorted by the first six.
    """
    compared = pairs(cell_means(values), conditions)
    families = compared.groupby(_FAMILY, dropna=False, sort=True)
    parts = [family(rows, resamples, seed) for _, rows in families]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(CONTRAST_DTYPES))
    return table[list(CONTRAST_DTYPES)].astype(CONTRAST_DTYPES)


def family(rows: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """Return the points of one family of pairs (see `scripts.analysis.pairs.pairs`), by position.

    Columns as in `contrasts`. A comparison of two runs makes its points of it as well.
    """
    grid = rows.pivot(index=["model", "persona"], columns="position", values="value")
    differences = grid.to_numpy()
    plain = [bootstrap_mean(column[~np.isnan(column)], resamples=resamples, seed=seed) for column in differences.T]
    points = pd.DataFrame(plain, columns=["mean", "low", "high", "n_pairs"]).assign(position=grid.columns)
    points["cluster_low"], points["cluster_high"] = clustered(_cube(grid), resamples=resamples, seed=seed)
    measured = ["mean", "low", "high", "cluster_low", "cluster_high"]
    points[measured] = points[measured].astype("float64").round(DECIMALS) + 0.0  # no -0.0
    points["p"] = p_values(_flipped_together(grid, rows), seed=seed)
    points["q"] = q_values(points["p"].to_numpy())
    by_position = rows.groupby("position", sort=True)
    points["noise"] = [_noise(at[at["value"].notna()]) for _, at in by_position] if _repeated(rows) else np.nan
    points["n_missing"] = by_position["value"].apply(lambda found: found.isna().sum()).to_numpy()
    points[["n_scored", "n_planned"]] = by_position[["n_scored", "n_planned"]].sum().to_numpy()
    return points.assign(**{key: rows.iloc[0][key] for key in _FAMILY})


def _flipped_together(grid: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Return what flips its sign as one: a pair, or all pairs of a model where these share one baseline.

    The differences from one baseline share its noise, so that their signs are not independent of each other.
    """
    shared = rows.duplicated(["position", "cell_b"]).any()
    return (grid.groupby(level="model", sort=True).sum(min_count=1) if shared else grid).to_numpy()


def _cube(grid: pd.DataFrame) -> np.ndarray:
    """Return differences as models x personas x points; NaN where a model and a persona are no pair."""
    models, personas = (level.unique() for level in (grid.index.get_level_values(n) for n in ("model", "persona")))
    every = pd.MultiIndex.from_product([models, personas], names=grid.index.names)
    return grid.reindex(every).to_numpy().reshape(len(models), len(personas), -1)


def _repeated(rows: pd.DataFrame) -> bool:
    return bool((rows[["freedom_a", "freedom_b"]] > 0).any(axis=None))


def _noise(at: pd.DataFrame) -> float:
    """Return the noise floor of one point from its pairs.

    The variance of a mean of n differences of independent cells is s2 / R * (sum of w^2) / n^2, where w is how
    often a cell stands in the pairs: 2 * s2 / R / n if each stands in one.
    """
    freedom = at["freedom_a"].sum() + at["freedom_b"].sum()
    if not freedom:
        return np.nan
    variance = (at["spread_a"].sum() + at["spread_b"].sum()) / freedom
    averaged = 2 * len(at) / (1 / at["replicates_a"] + 1 / at["replicates_b"]).sum()
    weights = sum((at[side].value_counts() ** 2).sum() for side in ("cell_a", "cell_b"))
    return float(NORMAL * np.sqrt(variance / averaged * weights) / len(at))
