"""What the figures of statistics have to know of a measure, and how differences of it are written on an axis."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from personas.figures.drawing.panels import ARROW, ARROWS

if TYPE_CHECKING:
    from matplotlib.axis import Axis

LONGEST = 40
"""Characters of a slug that are shown at most."""
_DIFFERENCES = {"share": "percentage points", "rating": "points (scale 1 to 5)"}


class Measure(NamedTuple):
    """One measure of `tables/measures`, with its words; `scale` is one of `personas.stats.panels.Scale`."""

    slug: str
    title: str
    unit: str
    scale: str
    better: str

    @property
    def heading(self) -> str:
        """The title with an arrow towards what is better."""
        return self.title + ARROWS[self.better]

    @property
    def unit_of_difference(self) -> str:
        """The unit of a difference of two values."""
        return _DIFFERENCES.get(self.scale, self.unit)


def measures_of(entries: Sequence[Mapping[str, Any]]) -> list[Measure]:
    """Return the measures of a figure's spec, in its order."""
    return [Measure(e["measure"], e["title"], e["unit"], e["scale"], e["better"]) for e in entries]


def arrow_text(measures: Sequence[Measure]) -> str:
    """Return the sentence that explains the arrows, if there are any."""
    return f" {ARROW}" if any(measure.better != "neutral" for measure in measures) else ""


def in_lines(words: str, width: int) -> str:
    """Break words into lines of at most `width` characters, also at hyphens; an arrow stays with its word."""
    tied = words.replace(" ↑", "\N{NO-BREAK SPACE}↑").replace(" ↓", "\N{NO-BREAK SPACE}↓")
    return "\n".join(textwrap.wrap(tied, width))


def in_few_lines(slug: str, most: int = 2, least: int = 18) -> str:
    """Break a slug at its hyphens into at most `most` lines, as short as they get but for `least` characters.

    A very long one loses its middle.
    """
    slug = slug if len(slug) <= LONGEST else f"{slug[: LONGEST // 2]}…{slug[-LONGEST // 2 + 1 :]}"
    widths = range(least, max(len(slug), least) + 1)
    return next(text for text in (in_lines(slug, width) for width in widths) if text.count("\n") < most)


def ticks(axis: Axis, scale: str, most: int = 5) -> None:
    """Put at most `most` + 1 round ticks on an axis and write shares in percent (differences: percentage points)."""
    from matplotlib.ticker import MaxNLocator

    factor = 100 if scale == "share" else 1
    axis.set_major_locator(MaxNLocator(most))
    axis.set_major_formatter(lambda value, _: _number(factor * value))


def around(*values: Any, zero: bool = True, margin: float = 0.08) -> tuple[float, float]:
    """Return limits that hold all values (arrays; NaN is passed over) and, if asked, 0, with margins."""
    numbers = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in values])
    numbers = np.append(numbers[np.isfinite(numbers)], [0.0] if zero else [])
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 0.0)
    span = high - low
    if not span:  # equal values still need an axis of some length: differences both ways, others have nothing below 0
        span = max(abs(high), 1.0) * 0.1
        high += 0 if zero else span
    return low - margin * span, high + margin * span


def _number(value: float) -> str:
    # Rounding leaves traces (0.30000000000000004) and a zero with a sign.
    rounded = round(value, 9) + 0.0
    return f"{rounded:.4g}".replace("-", "−")
