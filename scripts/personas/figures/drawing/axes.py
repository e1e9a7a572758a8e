"""The two axes of a panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def gap(places: Sequence[int]) -> tuple[float, float]:
    """Length of the x axis and smallest distance of two places, in rounds; 1 where there is only one."""
    gaps = [after - before for before, after in pairwise(places)]
    return (float(sum(gaps)), float(min(gaps))) if gaps else (1.0, 1.0)


def x_axis(axes: Axes, places: Sequence[int]) -> None:
    """Put a tick at each place (ascending), a label where there is room, and margins around the outer ones."""
    if not places:
        axes.set_xticks([])
        return
    span, _ = gap(places)
    first, *middle, last = places if len(places) > 1 else [*places, places[0]]
    labels = [first]
    for place in middle:
        # A label needs about 7 % of the axis; the last place always has one.
        if min(place - labels[-1], last - place) >= 0.07 * span:
            labels.append(place)
    axes.set_xticks([*labels, last] if last != first else labels)
    axes.set_xticks(places, minor=True)
    axes.set_xlim(first - 0.06 * span, last + 0.06 * span)


def y_axis(axes: Axes, scale: str, points: pd.DataFrame) -> None:
    """Set limits and ticks for a scale of `SCALES`; `points` (mean, high) matter where these depend on values."""
    SCALES[scale](axes, points)


def _share(axes: Axes, points: pd.DataFrame) -> None:
    # The margin keeps lines at 0 and 100 % off the frame.
    from matplotlib.ticker import PercentFormatter

    axes.set_ylim(-0.05, 1.05)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=None))


def _small_share(axes: Axes, points: pd.DataFrame) -> None:
    from matplotlib.ticker import MaxNLocator

    top = points["mean"].max()
    _from_zero(axes, points, least=top if top > 0 else 0.01)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    # As many decimals as the ticks need: 4, 8, 12 or 0.5, 1, 1.5.
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}")


def _rating(axes: Axes, points: pd.DataFrame) -> None:
    axes.set_ylim(0.8, 5.2)
    axes.set_yticks([1, 2, 3, 4, 5])


def _amount(axes: Axes, points: pd.DataFrame) -> None:
    from matplotlib.ticker import MaxNLocator

    _from_zero(axes, points, least=1.0)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def _from_zero(axes: Axes, points: pd.DataFrame, least: float) -> None:
    top = np.nanmax([least, *points["mean"], *points["high"]])
    axes.set_ylim(-0.05 * top, 1.1 * top)


SCALES: dict[str, Callable[[Axes, pd.DataFrame], None]] = {
    "share": _share,
    "small-share": _small_share,
    "rating": _rating,
    "amount": _amount,
}
"""Those of `personas.stats.panels.Scale`, and shares that are all small, on an axis from 0 as high as needed."""
