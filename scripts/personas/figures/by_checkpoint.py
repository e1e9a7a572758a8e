"""Scores of all benchmarks by rules over the length of the dialogue, persona against baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from personas.benchmarks.panel import Panel
from personas.figures.drawing import style
from personas.figures.drawing.panels import ARROW, checkpoint_panel, keys_of, offsets_of, over_text
from personas.figures.drawing.sheet import WIDTH, legend, places, plain_label, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.panels import OVERVIEW

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 3.3  # inches
READING = (
    f"Points: mean over (model, persona) cells. {{bands}} {ARROW} Answer length: each benchmark counts the same, for "
    "persona and baseline."
)


def draw(series: pd.DataFrame, panels: Sequence[Panel] = OVERVIEW, *, note: str | None = None) -> Figure:
    """Draw the table of `personas.tables.series.by_checkpoint.series_by_checkpoint` as one figure, two panels in a
    row.

    A point without value leaves a gap in its line; a panel without any says "no data". Rates are shown in
    percent on a fixed axis. `note` is printed under the panels. The figure belongs to no pyplot window: write
    it with `style.save`.
    """
    keys, checkpoints = keys_of(series), sorted(series["checkpoint"].unique())
    offsets = offsets_of(keys, checkpoints)
    with style.context():
        figure = sheet((WIDTH, ROW * -(-len(panels) // 2)), [READING.format(bands=over_text(series)), note])
        for axes, panel in zip(places(figure, len(panels), 2), panels, strict=True):
            checkpoint_panel(axes, panel, series[series["panel"] == panel.slug], checkpoints, offsets)
        figure.align_ylabels()
        legend(figure, keys, plain_label)
    return figure


def draw_panels(table: pd.DataFrame, *, panels: Sequence[Mapping[str, Any]], note: str | None) -> Figure:
    """Draw `panels` in plain JSON types."""
    return draw(table, [Panel(**panel) for panel in panels], note=note)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if series := context.one("series_of_all"):
        parameters = {"panels": series.spec["panels"]}
        yield Instance(
            "by-checkpoint", {"table": series.outputs[:1]}, parameters, title="Scores of all benchmarks by checkpoint"
        )


SCORES = figure(
    "scores",
    draw_panels,
    _instances,
    module=__name__,
    heading="Overview",
    caption="Scores of all benchmarks after a number of rounds, personas against the same models without one. "
    "Bands and whiskers are 95 % intervals; the figure says over what.",
)
