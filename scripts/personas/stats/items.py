"""What the choice of items adds to the variance of a mean over cells."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from personas.stats.intervals import Items


class ItemsOfMeans(NamedTuple):
    """`personas.stats.intervals.Items` of several means, an array of shape `(means,)` for each field."""

    n: np.ndarray
    total: np.ndarray
    shared: np.ndarray
    nested: np.ndarray


def of_cells(rows: pd.DataFrame) -> np.ndarray:
    """Return the values of rows, one for each `model`, `persona` and `item_id`, as models x personas x items.

    NaN where there is none.
    """
    codes = [pd.factorize(rows[name], use_na_sentinel=False)[0] for name in ("model", "persona", "item_id")]
    values = np.full([code.max(initial=-1) + 1 for code in codes], np.nan)
    values[tuple(codes)] = rows["value"].to_numpy("float64")
    return values


def over_items(values: np.ndarray) -> np.ndarray:
    """Return the means of cells (models x personas x items -> models x personas), NaN where no item has a value."""
    present = ~np.isnan(values)
    n = present.sum(axis=-1)
    means: np.ndarray = np.where(n > 0, np.where(present, values, 0.0).sum(axis=-1) / np.maximum(n, 1), np.nan)
    return means


def of_items(values: np.ndarray) -> Items:
    """Return what the items add to the variance of a mean of `values` (models x personas x items, NaN: none)."""
    n, total, shared, nested = (field[0] for field in of_several(values[None]))
    return Items(int(n), float(total), float(shared), nested=bool(nested))


def of_several(values: np.ndarray) -> ItemsOfMeans:
    """Return what the items add to the variance of each mean of `values` (means x models x personas x items).

    The mean is that over cells of their means over items. An item takes part in it with the sum over cells of its
    deviations from the cell's mean, each divided by the numbers of items and of cells; `total` is the sum of the
    squares of these, which holds however cells hang together. What cells have in common, the products of deviations
    of different cells, is `shared`. Both are corrected for the means that were estimated. A cell with one item shows
    no spread, and is left out; without any other there are no items.

    Source: the linearisation of a clustered mean (W. G. Cochran, Sampling Techniques, 1977, chapter 11), items being
    the clusters; questions as a sample: E. Miller, Adding error bars to evals, 2024.
    """
    cells = values.reshape(len(values), -1, values.shape[-1])
    present = ~np.isnan(cells)
    n_values = present.sum(axis=2, keepdims=True)
    present &= n_values > 1
    n, n_cells = np.maximum(n_values, 2), np.maximum((n_values > 1).sum(axis=1, keepdims=True), 1)
    means = np.where(present, cells, 0.0).sum(axis=2, keepdims=True) / n
    parts = np.where(present, (cells - means) * np.sqrt(n / (n - 1)) / (n * n_cells), 0.0)
    together, alone, cells_of = parts.sum(axis=1) ** 2, (parts**2).sum(axis=1), present.sum(axis=1)
    shared = np.where(cells_of > 1, (together - alone) * cells_of / np.maximum(cells_of - 1, 1), 0.0).sum(axis=1)
    n_items = present.any(axis=1).sum(axis=1)
    total = np.where(n_items > 0, together.sum(axis=1), np.nan)
    return ItemsOfMeans(n_items, total, np.maximum(shared, 0.0), _nested(values))


def _nested(values: np.ndarray) -> np.ndarray:
    """Tell of each mean whether no item was asked of two personas, and there are two."""
    by_persona = (~np.isnan(values)).any(axis=1)
    nested: np.ndarray = (by_persona.any(axis=2).sum(axis=1) > 1) & (by_persona.sum(axis=1) <= 1).all(axis=1)
    return nested
