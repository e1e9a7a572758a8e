"""The interval of a mean over pairs that share models and personas: both are drawn again, not the pairs."""

import numpy as np

from personas.stats.bootstrap import percentiles


def clustered(differences: np.ndarray, *, resamples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return low and high (each of shape `(points,)`) of the mean over models and personas.

    `differences` has the shape models x personas x points, with NaN where a pair is missing. In each resample models
    and personas are drawn with replacement, apart from each other, and a pair weighs the product of how often its
    model and its persona were drawn. A dimension of one is not drawn; NaN where neither can be, or without pairs.

    Source: A. B. Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1 (2007), 386-411. It never understates
    the variance much; where pairs differ by chance alone it overstates it (up to threefold), so the interval is wide.
    """
    n_models, n_personas, n_points = differences.shape
    if max(n_models, n_personas) < 2:
        return np.full(n_points, np.nan), np.full(n_points, np.nan)
    drawing = np.random.default_rng(seed)
    models, personas = (_drawn(drawing, n, resamples) for n in (n_models, n_personas))
    known = ~np.isnan(differences)
    sums = _weighted(np.where(known, differences, 0.0), models, personas)
    weights = _weighted(known.astype(np.float64), models, personas)
    means = np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)
    bounds = np.array([percentiles(column) for column in means.T]).reshape(n_points, 2)
    bounds[known.sum(axis=(0, 1)) < 2] = np.nan
    return bounds[:, 0], bounds[:, 1]


def _drawn(drawing: np.random.Generator, n: int, resamples: int) -> np.ndarray:
    """How often each of n is drawn, in each resample; once each where there is one only."""
    return drawing.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


def _weighted(cells: np.ndarray, models: np.ndarray, personas: np.ndarray) -> np.ndarray:
    """Sum cells (models x personas x points) with the product of weights, per resample; shape resamples x points."""
    by_persona = np.tensordot(models, cells, axes=1)
    result: np.ndarray = np.einsum("rp,rpt->rt", personas, by_persona)
    return result
