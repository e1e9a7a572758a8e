"""The interval of a mean over models, personas and items: over those units of which there are enough to tell.

A mean is over cells (a model and a persona each). What it says of other models, personas or items depends on how far
these differ, and that can only be seen where there are several.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

MODELS, PERSONAS, ITEMS = UNITS = ("models", "personas", "items")
"""What an estimate may be generalised over."""

FEWEST = {MODELS: 3, PERSONAS: 3, ITEMS: 5}
"""With fewer units their spread is unknown: what is there is taken as it is, and the interval is over the others."""

CONFIDENCE = 0.95
_NOTHING = 1e-12
"""A standard error below this, or below this share of the values, is rounding."""


class Items(NamedTuple):
    """What items add to the variance of a mean over cells (`personas.stats.items`), in the squared unit of the mean.

    `total`: with these very models and personas; `shared`: the part that all cells have in common, which a spread
    between cells does not show. `nested`: each persona has its own items, so that drawing personas draws items.
    """

    n: int
    total: float
    shared: float
    nested: bool


class Estimate(NamedTuple):
    """A mean with its 95 % interval and two-sided p of no difference from 0; `over` says which units they are over.

    NaN, and `over` empty, where there are too few units. `n` cells have a value.
    """

    mean: float
    low: float
    high: float
    p: float
    over: str
    n: int

    def as_columns(self, name: str) -> dict[str, float]:
        """Return mean and interval under the names of columns."""
        return {name: self.mean, f"{name}_low": self.low, f"{name}_high": self.high}


class Variance(NamedTuple):
    """The variance of a mean, its degrees of freedom, and the units that it is over."""

    value: float
    freedom: float
    over: tuple[str, ...]
    units: int = 0
    """Of the least numerous of these."""

    @property
    def unanimous(self) -> float:
        """Two-sided p of as many units that all differ in the same direction: the sign test."""
        return float(min(1.0, 2.0 ** (1 - self.units)))


def estimate(
    cells: np.ndarray, *, generalise: Collection[str] = UNITS, items: Items | None = None, share: bool = False
) -> Estimate:
    """Return the mean of `cells` (models x personas, NaN: no value), each counting the same, with its interval.

    Student's t interval: mean +- t * sqrt(variance), with the variance and the degrees of freedom of `variance`. Of
    shares (`share`: a rate between 0 and 1, not a difference of rates) Wilson's for as many items where all cells are
    alike, and no bound beyond 0 and 1. A mean without any spread has no
    interval; its p is 1 where it is 0, and else that of the sign test over the units.
    """
    finite = cells[~np.isnan(cells)]
    if not finite.size:
        return Estimate(np.nan, np.nan, np.nan, np.nan, "", 0)
    mean, spread = float(finite.mean()), variance(cells, generalise=generalise, items=items)
    if not spread.over:
        return Estimate(mean, np.nan, np.nan, np.nan, "", finite.size)
    over, error = ", ".join(spread.over), float(np.sqrt(spread.value))
    if error <= _NOTHING * max(float(np.abs(finite).max()), 1.0):
        low, high = (
            wilson(mean, items.n) if share and items is not None and ITEMS in spread.over else (np.nan, np.nan)
        )
        return Estimate(mean, low, high, 1.0 if abs(mean) <= _NOTHING else spread.unanimous, over, finite.size)
    half, p = _student(abs(mean) / error, error, spread.freedom)
    low, high = (max(0.0, mean - half), min(1.0, mean + half)) if share else (mean - half, mean + half)
    return Estimate(mean, low, high, p, over, finite.size)


def variance(cells: np.ndarray, *, generalise: Collection[str] = UNITS, items: Items | None = None) -> Variance:
    """Return the variance of the mean of `cells` (models x personas, NaN: no value) over the units of `generalise`.

    A unit of which there are fewer than `FEWEST` is left out. Over models and personas: V(models) + V(personas) -
    V(interaction), at least V(interaction); V(models) is that of the models' means, V(interaction) what is left when
    the means of both are subtracted. Over one of the two: its part alone, the other as it is. Items add what all
    cells share; without models and personas, all that differs between items, which is also the least that is said
    with them: whoever speaks of more is not surer.

    Source: the variance of a mean under crossed random effects, estimated by the method of moments (S. R. Searle, G.
    Casella and C. E. McCulloch, Variance Components, 1992, chapter 4; for cells that are missing, cluster sums as in
    A. C. Cameron, J. B. Gelbach and D. L. Miller, Robust inference with multiway clustering, 2011). Degrees of
    freedom: F. E. Satterthwaite, An approximate distribution of estimates of variance components, 1946.
    """
    table = cells[~np.isnan(cells).all(axis=1)][:, ~np.isnan(cells).all(axis=0)]
    levels = dict(zip((MODELS, PERSONAS), table.shape, strict=True))
    over = tuple(unit for unit, n in levels.items() if unit in generalise and n >= FEWEST[unit])
    of_cells = _of_cells(table, over)._replace(units=min((levels[unit] for unit in over), default=0))
    if items is None or ITEMS not in generalise or items.n < FEWEST[ITEMS]:
        return of_cells
    if not over:
        return Variance(items.total, items.n - 1, (ITEMS,), items.n)
    units = min(of_cells.units, items.n)
    shared = 0.0 if items.nested and PERSONAS in over else items.shared
    if of_cells.value + shared < items.total:
        return Variance(items.total, items.n - 1, (*over, ITEMS), units)
    parts = [(of_cells.value, of_cells.freedom), (shared, items.n - 1)]
    return Variance(of_cells.value + shared, _satterthwaite(parts), (*over, ITEMS), units)


def _of_cells(table: np.ndarray, over: tuple[str, ...]) -> Variance:
    if not over:
        return Variance(0.0, np.inf, ())
    present = ~np.isnan(table)
    residuals = np.where(present, table - table[present].mean(), 0.0)
    models, personas = (_between(residuals.sum(axis=axis), present.sum()) for axis in (1, 0))
    if len(over) == 1:
        return Variance(*(models if over[0] == MODELS else personas), over)
    freedom = int(present.sum()) - sum(table.shape) + 1
    if freedom < 1:
        return Variance(models[0] + personas[0], _satterthwaite([models, personas]), over)
    interaction = float((_centre(residuals, present) ** 2).sum() / freedom / present.sum())
    value = models[0] + personas[0] - interaction
    if value <= interaction:
        return Variance(interaction, freedom, over)
    parts = _satterthwaite([models, personas, (-interaction, freedom)])
    return Variance(value, float(np.clip(parts, min(table.shape) - 1, max(freedom, *table.shape))), over)


def _between(sums: np.ndarray, n: int) -> tuple[float, float]:
    """Return the variance of a mean of n cells in clusters, from the clusters' sums of deviations, and its
    freedom."""
    clusters = len(sums)
    return float((sums**2).sum() / n**2 * clusters / (clusters - 1)) if clusters > 1 else 0.0, clusters - 1


def _centre(residuals: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Subtract the means of rows and columns, in turn until nothing changes where cells are missing."""
    for _ in range(1 if present.all() else 50):
        for axis in (0, 1):
            means = residuals.sum(axis=axis, keepdims=True) / present.sum(axis=axis, keepdims=True)
            residuals = np.where(present, residuals - means, 0.0)
    return residuals


def _satterthwaite(parts: Collection[tuple[float, float]]) -> float:
    """Return the degrees of freedom of a sum of variances, each with its own."""
    total, spread = sum(value for value, _ in parts), sum(value**2 / freedom for value, freedom in parts if value)
    return float(total**2 / spread) if spread > 0 else np.inf


def _student(t: float, error: float, freedom: float) -> tuple[float, float]:
    """Return half the width of the interval, and p."""
    from scipy.special import stdtr, stdtrit  # the functions behind scipy.stats.t, a hundred times as fast

    bounded = min(freedom, 1e9)
    return float(stdtrit(bounded, (1 + CONFIDENCE) / 2) * error), float(2 * stdtr(bounded, -t))


def wilson(rate: float, n: float) -> tuple[float, float]:
    """Return Wilson's interval of a rate among n. Source: E. B. Wilson, 1927, as in statsmodels."""
    from statsmodels.stats.proportion import proportion_confint  # slow to import, and seldom needed

    low, high = proportion_confint(rate * n, n, alpha=1 - CONFIDENCE, method="wilson")
    return float(low), float(high)
