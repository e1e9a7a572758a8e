"""From where on values change: a bend in the mean curve, and how well its place is known."""

from typing import NamedTuple

import numpy as np

FEWEST_POSITIONS = 4
"""With fewer positions every curve has a bend somewhere."""

FEWEST_CURVES = 3
"""With fewer curves nothing is known of how far they differ."""


class Onset(NamedTuple):
    """The last position before the change, with its 95 % interval; NaN where the data cannot tell."""

    since: float
    low: float
    high: float


UNKNOWN = Onset(np.nan, np.nan, np.nan)


def onset(curves: np.ndarray, positions: np.ndarray, *, resamples: int, seed: int) -> Onset:
    """Return where the mean of `curves` (n x positions, no gaps) begins to change.

    The mean is taken to be level up to a position and to go on in a straight line from there; of all positions but
    the last, the one is chosen that leaves the least squares. The interval is the percentile interval of the choice
    over resampled curves. Nothing is said (NaN) of fewer than three curves or four positions, nor where the interval
    is wider than half of the dialogue.

    Source: two-phase regression (D. V. Hinkley, Inference in two-phase regression, 1971), with a first phase of slope
    0; its bootstrap as in B. Efron and R. J. Tibshirani, 1993, 13.3.
    """
    n, places = curves.shape
    if n < FEWEST_CURVES or places < FEWEST_POSITIONS:
        return UNKNOWN
    drawing = np.random.default_rng(seed)
    weights = drawing.multinomial(n, np.full(n, 1 / n), size=resamples) / n
    bends = _bends(weights @ curves, positions)
    low, high = np.quantile(bends, [0.025, 0.975], method="inverted_cdf")
    if high - low > (positions[-1] - positions[0]) / 2:
        return UNKNOWN
    return Onset(float(_bends(curves.mean(axis=0, keepdims=True), positions)[0]), float(low), float(high))


def _bends(means: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the best bend of each mean curve (rows)."""
    left = []
    for bend in positions[:-1]:
        design = np.column_stack([np.ones(len(positions)), np.maximum(0, positions - bend)])
        residual = np.eye(len(positions)) - design @ np.linalg.pinv(design)
        left.append(((means @ residual) ** 2).sum(axis=1))
    chosen: np.ndarray = positions[np.argmin(left, axis=0)]
    return chosen
