"""Ratings against the length of the dialogue before them, in tokens rather than rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.grids import nothing, write_counts
from personas.figures.drawing.measures import Measure, around, arrow_text, in_lines, measures_of, ticks
from personas.figures.drawing.panels import Key, by_line, keys_of, over_text
from personas.figures.drawing.sheet import WIDTH, legend, places, plain_label, sheet
from personas.figures.figure import figure
from personas.figures.suites import suites
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 2
_PANEL, _AROUND = 2.3, 1.5  # inches: a row of panels; legend and small print
READING = (
    "Points: checkpoints (of ratings of utterances: rounds), at the mean tokens of the dialogues before and the "
    "mean over the (model, persona) cells that have both. Bands, of the rating: {bands} Above a panel: cells behind "
    "a point of persona and baseline.{prompted}"
)


PROMPTED = " Where it cannot be told how long the persona's prompt is, it is among the tokens."


def draw(table: pd.DataFrame, measures: Sequence[Mapping[str, Any]], *, note: str | None = None) -> Figure:
    """Draw `tables/by-length` for some measures, a panel each: mean rating over mean tokens, a line per condition.

    Write the figure with `style.save`.
    """
    panel_measures = measures_of(measures)
    points = table[table["measure"].isin([m.slug for m in panel_measures])]
    keys = keys_of(points)
    columns = min(len(panel_measures), COLUMNS)
    size = (WIDTH, _PANEL * -(-len(panel_measures) // columns) + _AROUND)
    prompt_note = PROMPTED if points["n_with_prompt"].any() else ""
    with style.context():
        figure = sheet(
            size, [READING.format(prompted=prompt_note, bands=over_text(points)) + arrow_text(panel_measures), note]
        )
        for axes, measure in zip(places(figure, len(panel_measures), columns), panel_measures, strict=True):
            _panel(axes, measure, points[points["measure"] == measure.slug], keys)
        figure.align_ylabels()
        legend(figure, keys, plain_label)
    return figure


def _panel(axes: Axes, measure: Measure, points: pd.DataFrame, keys: Sequence[Key]) -> None:
    axes.set_title(in_lines(measure.heading, 46), loc="left", pad=12)
    axes.set_xlabel("tokens of the dialogue before")
    axes.set_ylabel(measure.unit)
    write_counts(axes, points)
    with_tokens = points[points["tokens"].notna()]
    if not with_tokens["mean"].notna().any():
        nothing(axes)
        axes.set_xticks([])
        return
    looks = style.looks(key.condition for key in keys)
    for layer, key, rows in by_line(with_tokens, keys, "tokens", "group"):
        shape = style.line_style(looks[key.condition], key.group) | ({"marker": ""} if len(rows) > 25 else {})
        colour = looks[key.condition].colour
        axes.fill_between(rows["tokens"], rows["low"], rows["high"], color=colour, alpha=0.13, linewidth=0, zorder=2)
        axes.plot(rows["tokens"], rows["mean"], zorder=layer, **shape)
    axes.set_ylim(*around(with_tokens["mean"], with_tokens["low"], with_tokens["high"], zero=False))
    axes.set_xlim(*around(with_tokens["tokens"], margin=0.04))
    ticks(axes.yaxis, measure.scale)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if table := context.one("by_length"):
        for suite in suites(grid):
            title, parameters = f"Ratings by tokens before: {suite.title}", {"measures": suite.measures}
            yield Instance(f"by-length-{suite.name}", {"table": table.outputs[:1]}, parameters, title=title)


RATINGS_BY_LENGTH = figure(
    "ratings_by_length",
    draw,
    _instances,
    module=__name__,
    heading="Length of the dialogue",
    caption="The main measures against the tokens of the dialogue before, instead of its rounds. "
    "Bands and whiskers are 95 % intervals; the figure says over what.",
)
