"""The area under the ROC curve, in the sample and in resamples of the items behind it.

Source of the formula: D. Bamber, The area above the ordinal dominance graph and the area below the receiver operating
characteristic graph, Journal of Mathematical Psychology 12 (1975): it is the share of pairs of one of each class in
which the former scores higher, ties counting half.
"""

import numpy as np


def draw_items(n: int, *, resamples: int, seed: int) -> np.ndarray:
    """Return how often each of n items is drawn with replacement, a row per resample; the first row is the sample.

    Shape `(1 + resamples, n)`. An item brings all its answers with it (a cluster bootstrap), whoever gave them.
    """
    if not n:
        return np.ones((1 + resamples, 0))
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    return np.concatenate([np.ones((1, n)), counts.astype(np.float64)])


def weighted_auc(
    above: np.ndarray, below: np.ndarray, above_weights: np.ndarray, below_weights: np.ndarray
) -> np.ndarray:
    """Return, per resample, the share of pairs in which a score of `above` exceeds one of `below`, ties half.

    `above` and `below` hold finite scores; the weights have a row per resample and a column per score. NaN where one
    side has no weight. Time and memory grow with resamples x scores, not with pairs.
    """
    order = np.argsort(below, kind="stable")
    zero = np.zeros((len(below_weights), 1))
    cumulated = np.concatenate([zero, np.cumsum(below_weights[:, order], axis=1)], axis=1)
    first, last = (np.searchsorted(below[order], above, side=side) for side in ("left", "right"))
    won = (above_weights * (cumulated[:, first] + cumulated[:, last])).sum(axis=1) / 2
    pairs = above_weights.sum(axis=1) * below_weights.sum(axis=1)
    return _ratio(won, pairs)


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean of `values` with the weights of each resample (resamples x values); NaN without weight."""
    return _ratio(weights @ values, weights.sum(axis=1))


def _ratio(sums: np.ndarray, totals: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.divide(sums, totals, out=np.full(len(totals), np.nan), where=totals > 0)
    return result
