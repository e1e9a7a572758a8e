"""What a judge thinks of the dialogue's own answers, round by round, persona against baseline."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.axes import x_axis, y_axis
from personas.figures.drawing.panels import (
    ARROW,
    ARROWS,
    Frame,
    Key,
    answer_counts,
    by_line,
    frame,
    keys_of,
    lines,
    over_text,
)
from personas.figures.drawing.panels import offsets_of as spread
from personas.figures.drawing.sheet import WIDTH, legend, places, plain_label, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.measures import YES_SHARE
from personas.tables.series.rounds import RAW, SEGMENT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRICS = ("in-character", "knowledge", "style")  # in the study's order
HEIGHT, AROUND = 2.4, 1.2  # inches: of a panel, and of legend and small print
READING = (
    "Faint: mean of each round over cells. Bold: mean of the rounds since the mark before it (first mark: one "
    "round); bands, whiskers: {bands} A cell is a model and a persona; of the baseline, "
    f"a model and the persona as which it is judged. {ARROW}"
)


def draw(series: pd.DataFrame, *, judge: str, yes_no: Collection[str] = (), note: str | None = None) -> Figure:
    """Draw the table of `personas.tables.series.rounds.series_by_round` as one panel per metric, one above the other.

    Shows the verdicts of one `judge` (its slug), the study's three metrics first. Those in `yes_no` are shares. A
    round without value leaves a gap in the faint line. `note` is printed under the panels. Write the figure with
    `style.save`.
    """
    series = series[series["judge"] == judge]
    rated = set(series["metric"]) or set(METRICS)
    metrics = [*(metric for metric in METRICS if metric in rated), *sorted(rated - set(METRICS))]
    keys, marks = keys_of(series), _marks(series)
    # Half the usual shift: the faint lines stay in their place, and the bold ones have to lie on them.
    offsets = {key: shift / 2 for key, shift in spread(keys, marks).items()}
    with style.context():
        figure = sheet(
            (WIDTH, HEIGHT * len(metrics) + AROUND),
            [READING.format(bands=over_text(series)), note],
        )
        for axes, metric in zip(places(figure, len(metrics), 1), metrics, strict=True):
            _panel(axes, metric, metric in yes_no, series[series["metric"] == metric], offsets)
            x_axis(axes, marks)
        legend(figure, keys, plain_label)
    return figure


def _marks(series: pd.DataFrame) -> list[int]:
    """Return the rounds that get a tick: the ends of the segments, and the first and last round there is."""
    ends = series.loc[series["smoothing"] == SEGMENT, "round"]
    return sorted({*ends, series["round"].min(), series["round"].max()}) if len(series) else []


def _panel(axes: Axes, metric: str, is_share: bool, points: pd.DataFrame, offsets: dict[Key, float]) -> None:
    raw = points[points["smoothing"] == RAW]
    arrow, unit, scale = ("neutral", YES_SHARE, "share") if is_share else ("higher", "rating (1 to 5)", "rating")
    words = Frame(metric.capitalize() + ARROWS[arrow], unit, "round", scale)
    # Side by side: panels are as wide as the figure, and none too high.
    counts = " · ".join(answer_counts(raw, "n_scored", "n_planned", "answers rated"))
    if frame(axes, words, points, [counts]):
        _faint(axes, raw, offsets)
        lines(axes, points[points["smoothing"] == SEGMENT], offsets, x="round")
        y_axis(axes, words.scale, points)


def _faint(axes: Axes, raw: pd.DataFrame, offsets: dict[Key, float]) -> None:
    looks = style.looks(key.condition for key in offsets)
    for _, key, rows in by_line(raw, offsets, "round", "group"):
        axes.plot(rows["round"], rows["mean"], zorder=2.6, **style.faint_style(looks[key.condition], key.group))


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if series := context.one("series_by_round"):
        for judge, section in grid.study.config.judges.items():
            if section.utterances:
                parameters = {"judge": judge, "yes_no": grid.study.yes_no()[judge]}
                title = f"Ratings of utterances: judge {judge}"
                yield Instance(f"utterances-by-{judge}", {"table": series.outputs[:1]}, parameters, title=title)


UTTERANCES = figure(
    "utterances",
    draw,
    _instances,
    module=__name__,
    heading="Dialogues",
    caption="Ratings of every answer of the dialogues by a judge, round by round; faint: each round, bold: means of "
    "the rounds between checkpoints. Bands and whiskers are 95 % intervals; the figure says over what.",
)
