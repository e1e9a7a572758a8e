"""One benchmark over the length of the dialogue, persona against baseline: all its ratings, a panel each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from personas.benchmarks.panel import RULES, Panel
from personas.figures.drawing import style
from personas.figures.drawing.panels import ARROW, checkpoint_panel, keys_of, offsets_of, over_text
from personas.figures.drawing.sheet import HEIGHTS, WIDTH, legend, places, plain_label, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance, Instances

if TYPE_CHECKING:
    from matplotlib.figure import Figure

READING = (
    "Points: mean over cells. A cell is a model and a persona; "
    "of the baseline, a model and, where items belong to personas, the persona whose items it answered."
)


def draw(series: pd.DataFrame, panels: Sequence[Panel], *, note: str | None = None) -> Figure:
    """Draw the `panels` (1 to 6, of `personas.stats.panels.measured_panels`) of one benchmark as one figure.

    `series` is a table of `personas.tables.series.by_checkpoint.series_by_checkpoint`; its other panels are passed
    over. A point without value leaves a gap in its line; a panel without any says "no data". `note` is printed under
    the panels. Write the figure with `style.save`.

    Raises:
        ValueError: no panel, more than six, or panels of more than one benchmark or judge.
    """
    _check(panels)
    series = series[series["panel"].isin([panel.slug for panel in panels])]
    keys, checkpoints = keys_of(series), sorted(series["checkpoint"].unique())
    offsets = offsets_of(keys, checkpoints)
    columns = min(len(panels), 2)
    with style.context():
        figure = sheet((WIDTH, HEIGHTS[-(-len(panels) // columns)]), [_reading(panels, over_text(series)), note])
        for axes, panel in zip(places(figure, len(panels), columns), panels, strict=True):
            checkpoint_panel(axes, panel, series[series["panel"] == panel.slug], checkpoints, offsets)
        figure.align_ylabels()
        legend(figure, keys, plain_label, panels[0].benchmark)
    return figure


def _reading(panels: Sequence[Panel], bands: str) -> str:
    arrow = f" {ARROW}" if any(panel.better != "neutral" for panel in panels) else ""
    return f"{READING} {bands}{arrow}"


def _judges(panels: Sequence[Panel]) -> list[str]:
    return sorted({panel.judge for panel in panels if panel.judge} - {RULES})


def _check(panels: Sequence[Panel]) -> None:
    if not 1 <= len(panels) <= 6:
        raise ValueError(f"found {len(panels)} panels, expected 1 to 6")
    for what, names in (("benchmark", {str(panel.benchmark) for panel in panels}), ("judge", _judges(panels))):
        if len(names) > 1:
            raise ValueError(f"one figure, but more than one {what}: {', '.join(sorted(names))}")


def draw_panels(table: pd.DataFrame, *, panels: Sequence[Mapping[str, Any]], note: str | None) -> Figure:
    """Draw `panels` in plain JSON types."""
    return draw(table, [Panel(**panel) for panel in panels], note=note)


def _of_family(series_of: str) -> Instances:
    """Return the figures of a family of series, named after them."""

    def instances(grid: Grid, context: Context) -> Iterator[Instance]:
        for series in context.family(series_of):
            name = series.name.removesuffix("-by-checkpoint")
            parameters = {"panels": series.spec["panels"]}
            yield Instance(name, {"table": series.outputs[:1]}, parameters, title=series.title)

    return instances


_OF_ITEMS = "The items of one benchmark, asked after a number of rounds, each behind a copy of the dialogue so far. "
_BANDS = "Bands and whiskers are 95 % intervals; the figure says over what."

BENCHMARKS = figure(
    "benchmarks",
    draw_panels,
    _of_family("series_by_checkpoint"),
    module=__name__,
    caption=_OF_ITEMS + _BANDS,
)
BFI_DISTANCE = figure(
    "bfi_distance",
    draw_panels,
    _of_family("series_of_distances"),
    module=__name__,
    caption=_OF_ITEMS + _BANDS,
)
