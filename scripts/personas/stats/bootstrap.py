"""Percentile bootstrap of a mean.

Source of the formula: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), section 13.3,
the percentile interval.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 1000
SEED = 42
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean with its bootstrap interval, all in the unit of the values; `n` counts the units behind it."""

    mean: float
    low: float
    high: float
    n: int


def bootstrap_mean(
    values: ArrayLike, *, resamples: int = RESAMPLES, seed: int = SEED, confidence: float = CONFIDENCE
) -> Interval:
    """Sample mean of `values` (shape `(n,)`) with its percentile bootstrap interval.

    The n units are drawn with replacement `resamples` times; the interval runs between the
    (1 - confidence) / 2 and (1 + confidence) / 2 quantiles (linear interpolation) of the resampled means.
    `mean` is the mean of the sample, not of the resamples. Units count as independent; n equal values give
    an interval of no width, which says nothing about how sure they are.

    Returns NaN throughout for n = 0, and a mean without interval (NaN bounds) for n = 1, since one unit shows
    no spread. The order of `values` has no influence. Memory: `resamples` x n floats.

    Raises:
        ValueError: `values` is not one-dimensional or holds NaN or infinity (drop gaps before, do not fill
            them), `resamples` is below 1, or `confidence` lies outside (0, 1).
    """
    # Sorted, because the draws are made by position: the same units in another order must give the same band.
    units = np.sort(np.asarray(values, dtype=np.float64))
    _check(units, resamples, confidence)
    if units.size == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(units.mean())
    if units.size == 1:
        return Interval(mean, np.nan, np.nan, 1)
    draws = _draws(units.size, resamples, seed)
    tail = (1 - confidence) / 2
    low, high = np.quantile(units[draws].mean(axis=1), [tail, 1 - tail])
    return Interval(mean, float(low), float(high), units.size)


@lru_cache(maxsize=8)
def _draws(n: int, resamples: int, seed: int) -> np.ndarray:
    """Return the places of the units of each resample; kept, because thousands of points have as many units."""
    return np.random.default_rng(seed).integers(0, n, size=(resamples, n))


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

    NaN where none is left.
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)
