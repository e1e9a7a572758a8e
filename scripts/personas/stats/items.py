"""What the choice of items adds to the variance of a mean over cells."""

import numpy as np

from personas.stats.intervals import Items


def of_items(values: np.ndarray) -> Items:
    """Return what the items add to the variance of the mean of `values` (models x personas x items, NaN: no value).

    The mean is that over cells of their means over items. An item takes part in it with the sum over cells of its
    deviations from the cell's mean, each divided by the numbers of items and of cells; `total` is the sum of the
    squares of these, which holds however cells hang together. What cells have in common, the products of deviations
    of different cells, is `shared`. Both are corrected for the means that were estimated.

    Source: the linearisation of a clustered mean (W. G. Cochran, Sampling Techniques, 1977, chapter 11), items being
    the clusters; questions as a sample: E. Miller, Adding error bars to evals, 2024.
    """
    n_personas = values.shape[1]
    cells = values.reshape(-1, values.shape[-1])
    known = ~np.isnan(cells)
    there = known.sum(axis=1) > 1
    cells, known = cells[there], known[there]
    asked = known.any(axis=0)
    if not len(cells):
        return Items(0, np.nan, np.nan, nested=False)
    n = known.sum(axis=1, keepdims=True)
    means = np.where(known, cells, 0.0).sum(axis=1, keepdims=True) / n
    parts = np.where(known, (cells - means) * np.sqrt(n / (n - 1)) / (n * len(cells)), 0.0)
    together, alone, cells_of = parts.sum(axis=0) ** 2, (parts**2).sum(axis=0), known.sum(axis=0)
    several = cells_of > 1
    shared = float(((together - alone)[several] * cells_of[several] / (cells_of[several] - 1)).sum())
    return Items(int(asked.sum()), float(together.sum()), max(0.0, shared), nested=_nested(values, n_personas))


def _nested(values: np.ndarray, n_personas: int) -> bool:
    """Tell whether no item was asked of two personas, and there are two."""
    by_persona = (~np.isnan(values)).any(axis=0)
    return n_personas > 1 and int(by_persona.any(axis=1).sum()) > 1 and bool((by_persona.sum(axis=0) <= 1).all())
