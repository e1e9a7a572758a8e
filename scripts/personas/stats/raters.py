"""Two raters of the same items: how far they agree.

Everything is a function of the confusion matrix, so one resampled matrix gives every statistic its interval. Cohen's
kappa of the sample is scikit-learn's; that of the resamples is the same formula over many matrices at once (J. Cohen,
Weighted kappa, Psychological Bulletin 70, 1968; quadratic weights).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from personas.stats.bootstrap import RESAMPLES, SEED, percentiles, resampled_sums
from personas.stats.intervals import wilson

NO_ITEMS, ONE_LABEL, ONE_CLUSTER = "no-items", "one-label", "one-cluster"
"""Why a statistic is missing: nothing that both rated; a rater who only ever gives one label, so that chance explains
all agreement; a single cluster, which shows no spread."""


class Estimate(NamedTuple):
    """A statistic with its interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


class Agreement(NamedTuple):
    """How two raters agree on `n` items; `confusion[i][j]` items got the i-th category by the first, the j-th by the
    second. `undefined` says why a statistic is missing.
    """

    n: int
    n_clusters: int
    kappa: Estimate
    quadratic: Estimate
    agreement: Estimate
    mae: Estimate
    within_one: Estimate
    confusion: list[list[int]]
    undefined: str | None


MISSING = Estimate(np.nan, np.nan, np.nan)


def agree(
    one: pd.Series,
    other: pd.Series,
    clusters: pd.Series,
    categories: Sequence[float],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Agreement:
    """Compare the values of two raters, item by item (three series of one index; no gaps).

    `categories` are all values there can be, ascending; weights of the quadratic kappa go by their places. `mae` is
    in units of the values, `within_one` the share of items whose values differ by 1 at most. Intervals are percentile
    bootstrap intervals over clusters; of a share that all resamples have in common, Wilson's over clusters.

    Both kappas are missing, with `undefined` saying why, where a rater has one label only: the formula gives 0 there
    (or 0/0) whatever the agreement is. Resamples that turn out so are left out of the interval.

    Raises:
        ValueError: a value is none of the categories.
    """
    size = len(categories)
    per_cluster = _matrices(one, other, clusters, categories)
    total = per_cluster.sum(axis=0)
    confusion = total.reshape(size, size).astype(int)
    if not len(one):
        return Agreement(0, 0, MISSING, MISSING, MISSING, MISSING, MISSING, confusion.tolist(), NO_ITEMS)
    sums = resampled_sums(per_cluster, resamples=resamples, seed=seed) if len(per_cluster) > 1 else None

    one_label = min((confusion.sum(axis=axis) > 0).sum() for axis in (0, 1)) < 2
    estimates = _Estimates(total, confusion, sums, len(per_cluster), one_label)
    values = np.asarray(categories, dtype=float)
    apart = np.abs(values[:, None] - values[None, :])
    places = np.arange(size)
    squares = (places[:, None] - places[None, :]) ** 2.0
    return Agreement(
        len(one),
        len(per_cluster),
        estimates.kappa((squares > 0).astype(float), None),
        estimates.kappa(squares, "quadratic"),
        estimates.share(np.eye(size)),
        estimates.mean(apart),
        estimates.share((apart <= 1).astype(float)),
        confusion.tolist(),
        ONE_LABEL if one_label else ONE_CLUSTER if sums is None else None,
    )


class _Estimates(NamedTuple):
    """Confusion matrices of all texts (flat, and square), and of resamples; None without an interval."""

    total: np.ndarray
    confusion: np.ndarray
    sums: np.ndarray | None
    n_clusters: int
    one_label: bool

    def mean(self, weights: np.ndarray) -> Estimate:
        means = None if self.sums is None else _mean_weight(self.sums, weights)
        return _estimate(float(_mean_weight(self.total[None], weights)[0]), means)

    def share(self, weights: np.ndarray) -> Estimate:
        mean = self.mean(weights)
        has_no_spread = self.sums is not None and np.isnan(mean.low)
        return Estimate(mean.value, *wilson(mean.value, self.n_clusters)) if has_no_spread else mean

    def kappa(self, weights: np.ndarray, kind: str | None) -> Estimate:
        if self.one_label:
            return MISSING
        resampled = None if self.sums is None else kappas(self.sums, weights)
        return _estimate(_sample_kappa(self.confusion, kind), resampled)


def kappas(matrices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Cohen's kappa of many flat confusion matrices, shape `(m, k * k)`; NaN where one rater has one label only."""
    size = len(weights)
    counts = matrices.reshape(-1, size, size)
    rows, columns = counts.sum(axis=2), counts.sum(axis=1)
    expected = np.einsum("mi,mj,ij->m", rows, columns, weights) / counts.sum(axis=(1, 2))
    observed = (counts * weights).sum(axis=(1, 2))
    single = np.minimum((rows > 0).sum(axis=1), (columns > 0).sum(axis=1)) < 2
    return np.where(single, np.nan, 1 - observed / np.where(expected > 0, expected, np.nan))


def _matrices(one: pd.Series, other: pd.Series, clusters: pd.Series, categories: Sequence[float]) -> np.ndarray:
    """Return the flat confusion matrix of every cluster, shape `(clusters, k * k)`."""
    place = {value: number for number, value in enumerate(categories)}
    if strange := sorted({*one, *other} - set(place)):
        raise ValueError(f"ratings of {strange[0]}, expected one of {list(categories)}")
    cells = one.map(place).to_numpy() * len(place) + other.map(place).to_numpy()
    codes, _ = pd.factorize(clusters)
    matrices = np.zeros((int(codes.max()) + 1 if len(codes) else 0, len(place) ** 2))
    np.add.at(matrices, (codes, cells.astype(int)), 1)
    return matrices


def _mean_weight(matrices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    means: np.ndarray = matrices @ weights.ravel() / matrices.sum(axis=1)
    return means


def _estimate(value: float, resampled: np.ndarray | None) -> Estimate:
    return Estimate(value, *((np.nan, np.nan) if resampled is None else percentiles(resampled)))


def _sample_kappa(confusion: np.ndarray, weights: str | None) -> float:
    from sklearn.metrics import cohen_kappa_score  # here and not above: it takes a second to load

    one, other = np.indices(confusion.shape)
    labels = np.arange(len(confusion))
    return float(
        cohen_kappa_score(one.ravel(), other.ravel(), labels=labels, weights=weights, sample_weight=confusion.ravel())
    )
