"""How many items change, and by how much: a histogram per contrast, condition and measure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.figures import style
from scripts.figures.measures import Measure, measures_of, ticks
from scripts.figures.panels import conditions_of
from scripts.figures.sheet import WIDTH, places, sheet

WHAT = {
    "length": "last − first checkpoint",
    "condition": "difference of conditions",
    "personalization": "persona − baseline, first checkpoint",
}
READING = (
    "Bars: items by their mean change over models and personas. Line: no change; triangle: mean of the items. Items in "
    "the middle bar change by less than {half:g} percentage points."
)
BINS = 21  # odd, so that the middle one is around 0
_PANEL, _AROUND = 2.0, 0.9  # inches: a row of panels; small print


def draw(table: pd.DataFrame, measures: Sequence[Mapping[str, Any]], *, note: str | None = None) -> Figure:
    """Draw `tables/changed-items` of one benchmark: a row per contrast and condition, a column per measure.

    Items without a value on both sides are left out and counted. All panels have the same x axis, from -100 to 100
    percentage points. Write the figure with `style.save`.
    """
    shown = measures_of(measures)
    found = table[table["measure"].isin([m.slug for m in shown])]
    rows = _rows(found)
    size = (WIDTH, _PANEL * max(len(rows), 1) + _AROUND)
    with style.context():
        figure = sheet(size, [READING.format(half=100 / BINS), note])
        axes = places(figure, max(len(rows), 1) * len(shown), len(shown))
        for place, one in enumerate(axes):
            measure = shown[place % len(shown)]
            kind, condition = rows[place // len(shown)] if rows else ("length", None)
            keep = (found["measure"] == measure.slug) & (found["contrast"] == kind)
            same = found["condition"].isna() if condition is None else found["condition"] == condition
            _panel(one, measure, found.loc[keep & same, "change"], WHAT[kind] + (f", {condition}" if condition else ""))
        for one in axes[-len(shown) :]:
            one.set_xlabel("change (percentage points)")
    return figure


def _rows(found: pd.DataFrame) -> list[tuple[str, str | None]]:
    rows: list[tuple[str, str | None]] = []
    for kind in WHAT:
        of_kind = found[found["contrast"] == kind]
        rows += [(kind, name) for name in conditions_of(of_kind[of_kind["condition"].notna()])]
        rows += [(kind, None)] if of_kind["condition"].isna().any() else []
    return rows


def _panel(axes: Axes, measure: Measure, changes: pd.Series, what: str) -> None:
    axes.axvline(0, color=style.INK, linewidth=0.8, zorder=1.5, gid="zero")
    axes.set_title(f"{measure.heading}\n", loc="left")
    known = changes.dropna().to_numpy(dtype=float)
    lacking = len(changes) - len(known)
    counts = f"n = {len(known):,} items" + (f"; {lacking:,} without a value" if lacking else "")
    axes.annotate(
        f"{what}: {counts}", (0, 1), xytext=(0, 3), xycoords="axes fraction", textcoords="offset points", **_SMALL
    )
    axes.set_xlim(-1.05, 1.05)
    ticks(axes.xaxis, "share", most=4)
    if not len(known):
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)
        axes.set_yticks([])
        return
    heights, edges = np.histogram(known, bins=BINS, range=(-1, 1))
    shade = style.lighter(style.LOOKS["goal-oriented"].colour, 0.35)
    axes.bar(edges[:-1], heights, width=np.diff(edges), align="edge", color=shade, edgecolor="white", linewidth=0.5)
    axes.plot(known.mean(), 0, marker="^", color=style.INK, markersize=5, clip_on=False, zorder=4)
    axes.set_ylabel("items")


_SMALL = {**style.SMALL_PRINT, "va": "bottom"}
