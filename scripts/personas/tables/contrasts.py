"""Paired differences at each position, with two intervals, a test, and the noise floor of replicates."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Instance, Known
from personas.stats.bootstrap import bootstrap_mean
from personas.stats.clustered import clustered
from personas.stats.pairs import DECIMALS, POINT, cell_means, pairs
from personas.stats.sign_flip_test import p_values, q_values
from personas.tables.table import bootstrap, table

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
_MEASURED = ("mean", "low", "high", "cluster_low", "cluster_high")

NORMAL = 1.96


def contrasts(values: pd.DataFrame, conditions: Sequence[str], *, resamples: int, seed: int) -> pd.DataFrame:
    """Return one row for each measure, contrast and position: the mean of paired differences, in the measure's unit.

    Contrasts: `condition:<a>-<b>` (two conditions, for each `group`), `progression` (a position minus the first,
    for each `condition` and `group`), `baseline` (persona minus baseline, for each `condition`); see
    `personas.stats.pairs`. A pair is a model and a persona, orders and replicates averaged. `low`, `high`:
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
    """Return the points of one family of pairs (see `personas.stats.pairs.pairs`), by position.

    Columns as in `contrasts`. A comparison of two runs makes its points of it as well.
    """
    cube, positions, at = _cube(rows)
    columns = cube.reshape(-1, len(positions)).T
    plain = [bootstrap_mean(column[~np.isnan(column)], resamples=resamples, seed=seed) for column in columns]
    mean, low, high, n_pairs = zip(*plain, strict=True)
    bounds = clustered(cube, resamples=resamples, seed=seed)
    measured = dict(zip(_MEASURED, (mean, low, high, *bounds), strict=True))
    counted = {"n_missing": rows["value"].isna(), "n_scored": rows["n_scored"], "n_planned": rows["n_planned"]}
    p = p_values(_flipped_together(cube, rows), seed=seed)
    return pd.DataFrame(
        {
            **{key: rows[key].iat[0] for key in _FAMILY},
            "position": positions,
            **{name: np.round(np.asarray(values), DECIMALS) + 0.0 for name, values in measured.items()},  # no -0.0
            "p": p,
            "q": q_values(p),
            "noise": _noises(rows),
            "n_pairs": n_pairs,
            **{name: np.bincount(at, weights=values).astype("int64") for name, values in counted.items()},
        }
    )


def _cube(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return differences as models x personas x positions, the positions, and at which of them each row stands.

    NaN where a model and a persona are no pair.
    """
    keys = [pd.factorize(rows[name], sort=True, use_na_sentinel=False) for name in ("model", "persona", "position")]
    cube = np.full([len(found) for _, found in keys], np.nan)
    cube[tuple(codes for codes, _ in keys)] = rows["value"]
    at, positions = keys[-1]
    return cube, np.asarray(positions), at


def _flipped_together(cube: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
    """Return what flips its sign as one: a pair, or all pairs of a model where these share one baseline.

    The differences from one baseline share its noise, so that their signs are not independent of each other.
    """
    if not rows.duplicated(["position", "cell_b"]).any():
        return cube.reshape(-1, cube.shape[-1])
    known = ~np.isnan(cube)
    return np.where(known.any(axis=1), np.where(known, cube, 0.0).sum(axis=1), np.nan)


def _noises(rows: pd.DataFrame) -> list[float] | float:
    if not ((rows["freedom_a"] > 0).any() or (rows["freedom_b"] > 0).any()):
        return np.nan
    return [_noise(at[at["value"].notna()]) for _, at in rows.groupby("position", sort=True)]


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


def _instances(grid: Grid, known: Known) -> Iterator[Instance]:
    told = {"conditions": list(grid.study.config.conditions), **bootstrap(grid)}
    yield Instance("contrasts", {"values": known.outputs("values")}, told)


CONTRASTS = table("contrasts", contrasts, _instances, module=__name__)
