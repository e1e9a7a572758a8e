"""Small panels in rows and columns: a model or a persona per row, a measure (or a condition) per column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.axes import x_axis
from personas.figures.drawing.measures import Measure, around, arrow_text, in_few_lines, in_lines, measures_of, ticks
from personas.figures.drawing.panels import Key, by_line, keys_of, over_text
from personas.figures.drawing.sheet import WIDTH, legend, plain_label, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL = (1.5, 1.25)  # inches, with its tick labels
EDGE = (1.0, 2.0)  # inches: names of the rows; headings, legend and small print
READING = (
    "Each row: a {by}; each column: a measure on an axis of its own, the same in all rows. Lines: mean over {other}; "
    "bands: {bands} {beside}Above a panel: cells behind a point of persona and baseline."
)
BESIDE = "The baseline beside a persona answered its items or is judged as it, where items or judgements name one. "
SMALL_LINE = {"linewidth": 1.0, "markersize": 2.6, "markeredgewidth": 0.7}


def draw(
    table: pd.DataFrame,
    measures: Sequence[Mapping[str, Any]],
    *,
    by: str,
    rows: Sequence[str],
    note: str | None = None,
) -> Figure:
    """Draw the rows of `personas.tables.averages.averages` with that `by` ("model" or "persona").

    `rows` are the slugs from top to bottom, `measures` those of `tables/measures` from left to right. Small panels
    without a value say "no data". Write the figure with `style.save`.
    """
    panel_measures = measures_of(measures)
    points = table[(table["by"] == by) & table["measure"].isin([m.slug for m in panel_measures])]
    keys = keys_of(points)
    other = {"model": "its personas", "persona": "models"}[by]
    reading = READING.format(by=by, other=other, beside=BESIDE if by == "persona" else "", bands=over_text(points))
    with style.context():
        figure = sheet(size_of(len(rows), len(panel_measures)), [reading + arrow_text(panel_measures), note])
        axes = panels(figure, rows, [measure.heading for measure in panel_measures])
        for column, measure in enumerate(panel_measures):
            of_measure = points[points["measure"] == measure.slug]
            at = sorted(of_measure["position"].unique())
            limits = around(of_measure["mean"], of_measure["low"], of_measure["high"], zero=False)
            for row, unit in enumerate(rows):
                _panel(axes[row][column], measure, of_measure[of_measure["unit"] == unit], keys, at, limits)
            by_round = set(of_measure["axis"]) == {"round"}
            axes[-1][column].set_xlabel("round" if by_round else "rounds before")
        legend(figure, keys, plain_label)
    return figure


def size_of(rows: int, columns: int, wide: float = CELL[0]) -> tuple[float, float]:
    """Return the size in inches of a figure with that many small panels."""
    return max(WIDTH, EDGE[0] + wide * columns), EDGE[1] + CELL[1] * rows


def panels(figure: Figure, rows: Sequence[str], headings: Sequence[str]) -> list[list[Axes]]:
    """Return the axes, row by row, with headings above the first row and names left of the first column."""
    axes = figure.subplots(len(rows), len(headings), squeeze=False)
    for place, heading in enumerate(headings):
        words = in_lines(heading, 17 if len(headings) > 3 else 40)
        axes[0][place].annotate(words, (0, 1), xytext=(0, 13), **_ABOVE, fontweight="bold", fontsize=style.TEXT)
    for place, name in enumerate(rows):
        axes[place][0].set_ylabel(in_few_lines(name, 3, least=14), fontweight="bold", fontsize=style.TEXT - 0.5)
    for line in axes[:-1]:
        for one in line:
            one.tick_params(labelbottom=False)
    return [list(line) for line in axes]


_ABOVE: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom", "ha": "left"}


def write_counts(axes: Axes, points: pd.DataFrame, group: str = "group") -> None:
    """Write above a panel how many cells are behind a point, persona and baseline apart."""
    texts = []
    for name in ("persona", "baseline"):
        cells = points.loc[points[group] == name, "n_cells"]
        if len(cells):
            few, many = cells.min(), cells.max()
            texts.append(f"{few}" if few == many else f"{few}–{many}")
    words = f"n = {', '.join(texts)}" if texts else ""
    axes.annotate(words, (1, 1), xytext=(0, 1), **_ABOVE | {"ha": "right"}, **_SMALL)


_SMALL = {**style.SMALL_PRINT, "fontsize": style.SMALL - 1}


def small_lines(axes: Axes, points: pd.DataFrame, keys: Sequence[Key], x: str, group: str = "group") -> None:
    """Draw one thin line with a band per key; markers only where there is room for them."""
    looks = style.looks(key.condition for key in keys)
    for layer, key, rows in by_line(points, keys, x, group):
        look = looks[key.condition]
        shape = style.line_style(look, key.group) | SMALL_LINE | ({"marker": ""} if len(rows) > 12 else {})
        axes.fill_between(rows[x], rows["low"], rows["high"], color=look.colour, alpha=0.13, linewidth=0, zorder=2)
        axes.plot(rows[x], rows["mean"], zorder=layer, **shape)


def x_ticks(axes: Axes, at: Sequence[int]) -> None:
    """Put ticks at the first, the middle and the last position, the same margins in all panels."""
    x_axis(axes, [at[0], at[len(at) // 2], at[-1]] if len(at) > 3 else list(at))


def _panel(
    axes: Axes,
    measure: Measure,
    points: pd.DataFrame,
    keys: Sequence[Key],
    at: Sequence[int],
    limits: tuple[float, float],
) -> None:
    x_ticks(axes, at)
    write_counts(axes, points)
    if not points["mean"].notna().any():
        nothing(axes)
        return
    small_lines(axes, points, keys, "position")
    axes.set_ylim(*limits)
    ticks(axes.yaxis, measure.scale, most=3)


def nothing(axes: Axes) -> None:
    """Say that a panel has no value."""
    axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)
    axes.set_yticks([])
