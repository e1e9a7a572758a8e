"""How often the persona's and the baseline's token patterns occur over the length of the dialogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.axes import x_axis, y_axis
from personas.figures.drawing.panels import (
    GROUPS,
    ROUNDS_BEFORE,
    Frame,
    Key,
    cells_text,
    frame,
    keys_of,
    lines,
    over_text,
)
from personas.figures.drawing.panels import offsets_of as spread
from personas.figures.drawing.sheet import HEIGHTS, WIDTH, legend, places, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

READING = (
    "Points: mean over (model, persona) cells of hits / (patterns × answers), a hit being an answer that holds "
    "a pattern. Bands, whiskers: {bands} Cells without patterns have no value. "
    "Patterns: tokens that tell answers of persona and baseline apart."
)


def draw(series: pd.DataFrame, *, note: str | None = None) -> Figure:
    """Draw the table of `personas.tables.series.patterns.pattern_series`: patterns of the persona, and of the
    baseline.

    Each line is a condition and a speaker, in whose answers the patterns are counted. Both panels have the
    same axis, from 0 to what is needed. A panel without any value says "no data". `note` is printed under the
    panels. Write the figure with `style.save`.
    """
    keys, checkpoints = keys_of(series, "speaker"), sorted(series["checkpoint"].unique())
    offsets = spread(keys, checkpoints)
    with style.context():
        figure = sheet((WIDTH, HEIGHTS[1]), [READING.format(bands=over_text(series)), note])
        for axes, group in zip(places(figure, 2, 2), GROUPS, strict=True):
            _panel(axes, group, series, offsets)
            x_axis(axes, checkpoints)
        legend(figure, keys, _label)
    return figure


def _label(key: Key) -> str:
    return f"{key.condition}, answers of the {key.group}"


def _panel(axes: Axes, group: str, series: pd.DataFrame, offsets: dict[Key, float]) -> None:
    points = series[series["pattern_group"] == group]
    words = Frame(f"Patterns of the {group}", "hits per pattern and answer (%)", ROUNDS_BEFORE, "small-share")
    if frame(axes, words, points, _counts(points)):
        lines(axes, points, offsets, group="speaker")
        y_axis(axes, words.scale, series)  # of both panels, so that they can be compared


def _counts(points: pd.DataFrame) -> Iterator[str]:
    """One line per speaker: cells behind each point, patterns; then how many cells have no pattern, if any."""
    for speaker in GROUPS:
        rows = points[points["speaker"] == speaker]
        if len(rows):
            cells, patterns = cells_text(rows["n_cells"]), _range(rows["n_patterns"])
            yield f"answers of the {speaker}: n = {cells} a point, {patterns} patterns"
    without = points["n_cells_without_patterns"]
    if len(points) and without.max():
        yield f"no pattern found: {cells_text(without)}"


def _range(numbers: pd.Series) -> str:
    few, many = numbers.min(), numbers.max()
    return f"{few:,}" if few == many else f"{few:,}–{many:,}"


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if series := context.one("series_of_patterns"):
        yield Instance("patterns", {"table": series.outputs[:1]}, title="How often patterns occur")


OCCURRENCE = (
    "How often the token patterns that told persona and baseline apart at the first checkpoint occur later on. The "
    "test behind a pattern is not corrected for the number of patterns and treats answers as independent. "
    "Bands and whiskers are 95 % intervals; the figure says over what."
)
PATTERN_OCCURRENCE = figure(
    "pattern_occurrence", draw, _instances, module=__name__, heading="Token patterns", caption=OCCURRENCE
)
