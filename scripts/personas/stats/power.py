"""What a grid can show: the power of the tests of `personas.stats.intervals`, before anything is run.

How much models, personas, items and answers differ says how the variances fall out that these intervals are made of.
They are drawn as what they are in balanced data with normal errors, scaled chi-square variables, and put together by
the same rules; the mean is normal and independent of them. So the power needs no answers to be drawn, and follows
every rule of the interval, its floors and degrees of freedom included.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np

from personas.stats.intervals import CONFIDENCE, FEWEST, ITEMS, MODELS, PERSONAS, UNITS

POWER = 0.8
REPLICATES = "replicates"
BOTH = f"{MODELS} and {PERSONAS}"
_MOST = 64
"""Times as many of something, at most, that are looked at."""
_DRAWS, _SEED = 4000, 1


@dataclass(frozen=True)
class Spread:
    """How much a difference differs: standard deviations in the measure's unit.

    Of what each model, persona and pair of both adds to it, of what each item adds in all cells alike, and of a
    single answer's difference beside all that. `measured`: from results, not stated.
    """

    models: float
    personas: float
    pairs: float
    items: float
    answers: float
    measured: bool = False


@dataclass(frozen=True)
class Size:
    """How many of everything there are. `items` is what each persona is asked, 0 where there are none; `nested`: each
    persona has its own.
    """

    models: int
    personas: int
    items: int
    replicates: int = 1
    nested: bool = False

    def times(self, what: str, factor: int) -> "Size":
        """Return the size with so many times as many of something."""
        changed: Size = replace(self, **{what: getattr(self, what) * factor})
        return changed


class Draws(NamedTuple):
    """The standard error of a mean, its estimates, and the edge of t that goes with each of them."""

    error: float
    estimates: np.ndarray
    edges: np.ndarray


def units_over(size: Size, generalise: Collection[str] = UNITS) -> tuple[str, ...]:
    """Return the units that an interval will be over."""
    counts = {MODELS: size.models, PERSONAS: size.personas, ITEMS: size.items}
    return tuple(unit for unit in UNITS if unit in generalise and counts[unit] >= FEWEST[unit])


@lru_cache(maxsize=1024)
def _draws(spread: Spread, size: Size, over: tuple[str, ...]) -> Draws:
    drawing = np.random.default_rng(_SEED)
    of_cells = MODELS in over or PERSONAS in over
    answers = spread.answers**2 / size.replicates / max(size.items, 1)
    own_items = spread.items**2 / max(size.items, 1)
    freedom: np.ndarray | None
    pair = ((spread.pairs**2 if of_cells else 0.0) + answers + (own_items if size.nested else 0.0)) / (
        size.models * size.personas
    )
    parts = {
        MODELS: spread.models**2 / size.models if MODELS in over else 0.0,
        PERSONAS: spread.personas**2 / size.personas if PERSONAS in over else 0.0,
    }
    shared = own_items if ITEMS in over and not size.nested else 0.0
    value, freedom = _cells(drawing, size, over, parts, pair) if of_cells else (np.zeros(_DRAWS), None)
    if ITEMS in over:
        alone = answers / (size.models * size.personas) + (own_items / size.personas if size.nested else 0.0)
        value, freedom = _with_items(drawing, size, value, freedom, alone, shared)
    error = float(np.sqrt(sum(parts.values()) + pair + shared))
    return Draws(error, np.sqrt(value), _edges(np.zeros(_DRAWS) if freedom is None else freedom))


def _chi(drawing: np.random.Generator, mean: float, freedom: int) -> np.ndarray:
    """Draw estimates of a variance."""
    variances: np.ndarray = mean * drawing.chisquare(freedom, _DRAWS) / freedom
    return variances


def _cells(
    drawing: np.random.Generator, size: Size, over: tuple[str, ...], parts: Mapping[str, float], pair: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the variance over models and personas and its degrees of freedom, as `intervals.variance` has them."""
    freedoms = {MODELS: size.models - 1, PERSONAS: size.personas - 1}
    variances = {
        unit: _chi(drawing, parts[unit] + pair, freedoms[unit]) for unit in (MODELS, PERSONAS) if unit in over
    }
    if len(variances) == 1:
        [(unit, value)] = variances.items()
        return value, np.full(_DRAWS, float(freedoms[unit]))
    freedom = freedoms[MODELS] * freedoms[PERSONAS]
    interaction = _chi(drawing, pair, freedom)
    value = variances[MODELS] + variances[PERSONAS] - interaction
    terms = [(variances[unit], freedoms[unit]) for unit in variances] + [(-interaction, freedom)]
    smooth = np.clip(_satterthwaite(terms), min(freedoms.values()), max(freedom, size.models, size.personas))
    is_small = value <= interaction
    return np.where(is_small, interaction, value), np.where(is_small, freedom, smooth)


def _with_items(
    drawing: np.random.Generator,
    size: Size,
    value: np.ndarray,
    freedom: np.ndarray | None,
    alone: float,
    shared: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Add what items add, which is at least all that differs between them."""
    n = size.items * (size.personas if size.nested else 1)
    total = _chi(drawing, alone + shared, n - 1)
    if freedom is None:
        return total, np.full(_DRAWS, n - 1.0)
    both = np.maximum(total - alone, 0.0) if shared or not size.nested else np.zeros(_DRAWS)
    is_small = value + both < total
    smooth = _satterthwaite([(value, freedom), (both, n - 1)])
    return np.where(is_small, total, value + both), np.where(is_small, n - 1, smooth)


def _satterthwaite(parts: Sequence[tuple[np.ndarray, Any]]) -> np.ndarray:
    total, spread = sum(value for value, _ in parts), sum(value**2 / freedom for value, freedom in parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: np.ndarray = np.where(spread > 0, total**2 / spread, 1e9)
    return result


def _edges(freedom: np.ndarray) -> np.ndarray:
    from scipy.special import stdtrit  # slow to import, and seldom needed

    edges: np.ndarray = stdtrit(np.clip(freedom, 1e-3, 1e9), (1 + CONFIDENCE) / 2)
    return edges


def power(effect: float, spread: Spread, size: Size, generalise: Collection[str] = UNITS) -> float:
    """Return how likely an interval leaves out 0 where the true difference is `effect`; NaN without an interval.

    Of units that the interval is not over it is the difference in these very ones.
    """
    from scipy.special import ndtr

    over = units_over(size, generalise)
    if not over:
        return float("nan")
    draws = _draws(spread, size, over)
    if draws.error <= 0:
        return float(effect != 0)
    width = draws.edges * draws.estimates
    return float((ndtr((effect - width) / draws.error) + ndtr((-effect - width) / draws.error)).mean())


def detectable(spread: Spread, size: Size, generalise: Collection[str] = UNITS, target: float = POWER) -> float:
    """Return the smallest difference that is found with the wanted power; NaN where none can be."""
    from scipy.optimize import brentq

    over = units_over(size, generalise)
    if not over:
        return float("nan")
    most = _draws(spread, size, over).error
    if most <= 0:
        return 0.0
    while power(most, spread, size, generalise) < target:
        most *= 2
    return float(brentq(lambda effect: power(effect, spread, size, generalise) - target, 0.0, most, xtol=1e-5))


def halving(spread: Spread, size: Size, generalise: Collection[str] = UNITS) -> dict[str, int]:
    """Return by how many times as many models, personas, items or replicates alone the smallest difference halves.

    What does not halve it with 64 times as many is left out; where nothing does, models and personas together.
    """
    goal = detectable(spread, size, generalise) / 2

    def enough(*what: str) -> int | None:
        sizes = ((n, reduce(lambda larger, one: larger.times(one, n), what, size)) for n in _FACTORS)
        return next((n for n, larger in sizes if power(goal * 1.01, spread, larger, generalise) >= POWER), None)

    alone = {what: enough(what) for what in (MODELS, PERSONAS, ITEMS, REPLICATES) if getattr(size, what)}
    factors = {what: factor for what, factor in alone.items() if factor}
    both = None if factors else enough(MODELS, PERSONAS)
    return {BOTH: both} if both else factors


_FACTORS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, _MOST)

STATED: Mapping[str, Spread] = {
    "share": Spread(models=0.05, personas=0.05, pairs=0.03, items=0.15, answers=0.5),
    "rating": Spread(models=0.2, personas=0.2, pairs=0.3, items=0.3, answers=1.0),
}
"""Spreads before anything was measured, by scale. Of a share, answers to one item right in half of the cases and half
alike at both ends; the others are rounded from what imported releases and our own demo show."""
