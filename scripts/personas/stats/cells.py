"""What all series share: means of cells, a band per point.

A *point* is one value of a figure, a *cell* the unit that is drawn again in the bootstrap. Both are lists of
column names here.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from personas.stats.bootstrap import bootstrap_mean


def grouped(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with `group` ("persona" or "baseline") and `value` as plain floats."""
    groups = rows["is_baseline"].astype(bool).map({True: "baseline", False: "persona"})
    return rows.assign(group=groups, value=rows["value"].astype("float64"))


def stood_for(rows: pd.DataFrame) -> pd.Series:
    """Return the persona of each row; for the baseline, the persona it was asked or judged as, where there is one."""
    return rows["persona"].where(rows["reference_persona"].isna(), rows["reference_persona"])


def means(rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the mean `value` per `keys`; NaN stays out, and a group of nothing but NaN keeps its row, with NaN."""
    return rows.groupby(list(keys), sort=True)["value"].mean().reset_index()


def bands(cells: pd.DataFrame, point: Sequence[str], *, resamples: int, seed: int) -> pd.DataFrame:
    """Return columns `point`, mean, low, high, n_cells: `bootstrap_mean` over the cells with a value (one row each).

    A point whose cells all lack a value keeps its row, with NaN and `n_cells` 0. Sorted by `point`.
    """
    groups = cells.groupby(list(point), sort=True)
    values, which = cells["value"].to_numpy("float64"), groups.ngroup().to_numpy()
    known = ~np.isnan(values) & (which >= 0)  # a row without a key is of no group
    keys = groups.size().index
    ends = np.cumsum(np.bincount(which[known], minlength=len(keys)))[:-1]
    parts = np.split(values[known][np.argsort(which[known], kind="stable")], ends) if len(keys) else []
    points = [
        (*key, *bootstrap_mean(part, resamples=resamples, seed=seed)) for key, part in zip(keys, parts, strict=True)
    ]
    # With the types that the keys had: columns of an empty table have none, and could not be merged.
    types = {name: cells.dtypes[name] for name in point}
    return pd.DataFrame(points, columns=[*point, "mean", "low", "high", "n_cells"]).astype(types)


def counts(rows: pd.DataFrame, point: Sequence[str]) -> pd.DataFrame:
    """Return columns `point`, n_scored (rows with a value), n_planned (all rows), sorted by `point`."""
    values = rows.groupby(list(point), sort=True)["value"]
    return values.agg(n_scored="count", n_planned="size").reset_index()
