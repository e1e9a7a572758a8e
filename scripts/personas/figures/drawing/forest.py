"""Panels side by side whose lines are models: one value with an interval per model and condition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.measures import Measure, around, in_few_lines, in_lines, ticks
from personas.figures.drawing.panels import Key
from personas.figures.drawing.sheet import WIDTH, places, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
_LINE, _NAME, _AROUND = 0.17, 0.32, 0.85  # inches: one value; a model's name; title and axis of a panel

DrawLine = Callable[["Axes", pd.Series, float, float, Key], None]
"""Draws one row of a table at a height, of which it may take a share of 1 (a value's own line)."""


class Lines(NamedTuple):
    """What stands where: models from top to bottom, and within each a line per key."""

    models: Sequence[str]
    keys: Sequence[Key]

    def height(self, model: str, key: Key) -> float:
        """Return where the middle of a value's line is; models are 1 apart."""
        share = 0.8 / len(self.keys)
        return self.models.index(model) - 0.4 + share * (self.keys.index(key) + 0.5)


def forest(
    measures: Sequence[Measure],
    table: pd.DataFrame,
    lines: Lines,
    *,
    unit: Callable[[Measure], str],
    draw_line: DrawLine,
    paragraphs: Sequence[str | None],
    count: str,
) -> Figure:
    """Return a figure with a panel per measure, all with the same lines; `table` has the columns of a `Key`.

    The zero line comes first, then what `draw_line` makes of each row, then the column `count` at the right edge; a
    row without a value says there what its column `status` says, if it has one.
    """
    columns = min(len(measures), COLUMNS)
    rows_of_panels = -(-len(measures) // columns)
    panel = max(_LINE * len(lines.keys), _NAME) * len(lines.models) + _AROUND + 0.1
    figure = sheet((WIDTH, panel * rows_of_panels + 1.5), paragraphs)
    for place, (axes, measure) in enumerate(zip(places(figure, len(measures), columns), measures, strict=True)):
        _panel(axes, measure, table[table["measure"] == measure.slug], lines, draw_line, count)
        axes.set_xlabel(unit(measure))
        axes.set_yticks(range(len(lines.models)))
        names = [in_few_lines(m) for m in lines.models] if place % columns == 0 else []
        axes.set_yticklabels(names, fontsize=style.SMALL, linespacing=0.95)
    return figure


def _panel(axes: Axes, measure: Measure, rows: pd.DataFrame, lines: Lines, draw_line: DrawLine, count: str) -> None:
    axes.set_title(in_lines(measure.heading, 28), loc="left")
    axes.axvline(0, color=style.INK, linewidth=0.8, zorder=1.5, gid="zero")
    axes.set_ylim(len(lines.models) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    for edge in range(1, len(lines.models)):
        axes.axhline(edge - 0.5, color=style.FAINT, linewidth=0.4, linestyle=(0, (1, 3)), zorder=1)
    if rows.empty:
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)
        axes.set_xticks([])
        return
    low, high = around(rows["mean"], rows["low"], rows["high"])
    # Room at the right for the counts.
    axes.set_xlim(low, high + 0.2 * (high - low))
    ticks(axes.xaxis, measure.scale, most=4)
    for _, row in rows.iterrows():
        key = Key(row["condition"], row["group"])
        at = lines.height(row["model"], key)
        if np.isfinite(row["mean"]):
            draw_line(axes, row, at, 0.8 / len(lines.keys), key)
        text = f"{row[count]:,}" if np.isfinite(row["mean"]) else str(row.get("status", "no value"))
        axes.text(0.995, at, text, transform=axes.get_yaxis_transform(), ha="right", va="center", **_COUNT)
    for place, model in enumerate(lines.models):
        if model not in set(rows["model"]):
            where: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
            axes.text(0.995, place, "not measured", **where, **_COUNT)
    axes.annotate(
        "n", (1, 1), xytext=(-1, 1), xycoords="axes fraction", textcoords="offset points", ha="right", **_COUNT
    )


_COUNT = {**style.SMALL_PRINT, "fontsize": style.SMALL - 1}
