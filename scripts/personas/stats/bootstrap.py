"""The percentile bootstrap.

Source of the formula: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), section 13.3,
the percentile interval.
"""

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 1000
SEED = 42
CONFIDENCE = 0.95


def _check(units: np.ndarray, resamples: int, confidence: float) -> None:
    if units.ndim != 1:
        raise ValueError(f"the bootstrap takes a list of numbers, not an array of shape {units.shape}")
    if not np.isfinite(units).all():
        raise ValueError("the bootstrap takes finite numbers: drop missing values first")
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError(f"resamples={resamples}, confidence={confidence}: expected >= 1, and between 0 and 1")


_AT_ONCE = 2_000_000
"""Drawn counts held in memory together."""


def resampled_sums(units: ArrayLike, *, resamples: int = RESAMPLES, seed: int = SEED) -> np.ndarray:
    """Sums of the rows of `units` (shape `(n, k)`, n at least 1) in each resample; shape `(resamples, k)`.

    In a resample n rows are drawn with replacement, each as often as the others on average. A row is all that one
    unit (a cluster, where its items hang together) adds to k counts; any statistic of the counts then has its
    percentile interval. The order of the rows has no influence.

    Raises:
        ValueError: `units` has no rows, is not two-dimensional, or holds NaN or infinity; `resamples` is below 1.
    """
    rows = np.asarray(units, dtype=np.float64)
    if rows.ndim != 2 or not len(rows):
        raise ValueError(f"the bootstrap takes rows of counts, at least one, not an array of shape {rows.shape}")
    _check(rows.ravel(), resamples, CONFIDENCE)
    rows = rows[np.lexsort(rows.T[::-1])]  # draws are made by position, as above
    chance, drawing = np.full(len(rows), 1 / len(rows)), np.random.default_rng(seed)
    sums, step = [], max(1, _AT_ONCE // len(rows))
    for begin in range(0, resamples, step):
        sums.append(drawing.multinomial(len(rows), chance, size=min(step, resamples - begin)) @ rows)
    return np.concatenate(sums)


def percentiles(values: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the bounds of the percentile interval of resampled values; those that are NaN are left out.

    NaN where none is left, and where both bounds are one: resamples that all come out alike show no spread, which is
    not to say that there is none.
    """
    finite = values[~np.isnan(values)]
    if not finite.size:
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return (float(low), float(high)) if low < high else (np.nan, np.nan)
