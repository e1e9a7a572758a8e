"""What all series share: means of cells, a band per point.

A *point* is one value of a figure, a *cell* the unit that is drawn again in the bootstrap. Both are lists of
column names here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personas.stats.intervals import UNITS, Items, estimate


def with_group(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with `group` ("persona" or "baseline") and `value` as plain floats."""
    groups = rows["is_baseline"].astype(bool).map({True: "baseline", False: "persona"})
    return rows.assign(group=groups, value=rows["value"].astype("float64"))


def stood_for(rows: pd.DataFrame) -> pd.Series:
    """Return the persona of each row; for the baseline, the persona it was asked or judged as, where there is one."""
    return rows["persona"].where(rows["reference_persona"].isna(), rows["reference_persona"])


def means(rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the mean `value` per `keys`; NaN stays out, and a group of nothing but NaN keeps its row, with NaN."""
    return rows.groupby(list(keys), sort=True)["value"].mean().reset_index()


def bands(
    cells: pd.DataFrame,
    point: Sequence[str],
    *,
    generalise: Collection[str] = UNITS,
    items: Callable[[Mapping[str, Any]], Items | None] | None = None,
    shares: Callable[[Mapping[str, Any]], bool] | None = None,
) -> pd.DataFrame:
    """Return columns `point`, mean, low, high, over, n_cells: `estimate` over the cells with a value (one row each).

    A cell is of a `model` and a `unit` (persona), whichever of the two columns there is. `items` tells what items add
    at a point, `shares` whether its values are rates. A point whose cells all lack a value keeps its row, with NaN
    and `n_cells` 0. Sorted by `point`.
    """
    rows = [
        (*key, *_band(part, dict(zip(point, key, strict=True)), generalise, items, shares))
        for key, part in cells.groupby(list(point), sort=True)
    ]
    # With the types that the keys had: columns of an empty table have none, and could not be merged.
    types = {name: cells.dtypes[name] for name in point}
    return pd.DataFrame(rows, columns=[*point, "mean", "low", "high", "over", "n_cells"]).astype(types)


def _band(
    cells: pd.DataFrame,
    where: Mapping[str, Any],
    generalise: Collection[str],
    items: Callable[[Mapping[str, Any]], Items | None] | None,
    shares: Callable[[Mapping[str, Any]], bool] | None,
) -> tuple[float, float, float, str, int]:
    result = estimate(
        matrix(cells),
        generalise=generalise,
        items=items(where) if items else None,
        share=shares(where) if shares else False,
    )
    return result.mean, result.low, result.high, result.over, result.n


def matrix(cells: pd.DataFrame) -> np.ndarray:
    """Return the values of cells as models x personas (columns `model`, `unit`; either may be lacking), NaN: none."""
    codes = [
        pd.factorize(cells[name], use_na_sentinel=False)[0] if name in cells else np.zeros(len(cells), dtype=int)
        for name in ("model", "unit")
    ]
    table = np.full([code.max(initial=-1) + 1 for code in codes], np.nan)
    table[codes[0], codes[1]] = cells["value"].to_numpy("float64")
    return table


def counts(rows: pd.DataFrame, point: Sequence[str]) -> pd.DataFrame:
    """Return columns `point`, n_scored (rows with a value), n_planned (all rows), sorted by `point`."""
    values = rows.groupby(list(point), sort=True)["value"]
    return values.agg(n_scored="count", n_planned="size").reset_index()
