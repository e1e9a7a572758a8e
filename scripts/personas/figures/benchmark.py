"""One benchmark over the length of the dialogue, persona against baseline: all its ratings, a panel each."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from personas.figures.drawing import style
from personas.figures.drawing.panels import ARROW, INTERVAL, checkpoint_panel, keys_of, offsets_of
from personas.figures.drawing.sheet import HEIGHTS, WIDTH, legend, places, plain_label, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Instance, Instances, Known
from personas.stats.panels import RULES, Panel, benchmark_panels
from personas.tables.distances import distance_panels

READING = (
    f"Points: mean over cells. Bands, whiskers: {INTERVAL} over two or more cells. A cell is a model and a persona; "
    "of the baseline, a model and, where items belong to personas, the persona whose items it answered."
)


def draw(series: pd.DataFrame, panels: Sequence[Panel], *, note: str | None = None) -> Figure:
    """Draw the `panels` (1 to 6, of `personas.stats.panels.benchmark_panels`) of one benchmark as one figure.

    `series` is a table of `personas.tables.series.series_by_checkpoint`; its other panels are passed over. A
    point without value leaves a gap in its line; a panel without any says "no data". `note` is printed under
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
        figure = sheet((WIDTH, HEIGHTS[-(-len(panels) // columns)]), [*_reading(panels), note])
        for axes, panel in zip(places(figure, len(panels), columns), panels, strict=True):
            checkpoint_panel(axes, panel, series[series["panel"] == panel.slug], checkpoints, offsets)
        figure.align_ylabels()
        legend(figure, keys, plain_label, panels[0].benchmark)
    return figure


def _reading(panels: Sequence[Panel]) -> list[str]:
    arrow = f" {ARROW}" if any(panel.better != "neutral" for panel in panels) else ""
    return [READING + arrow, *(f"Judge: {judge}." for judge in _judges(panels))]


def _judges(panels: Sequence[Panel]) -> list[str]:
    return sorted({panel.judge for panel in panels if panel.judge} - {RULES})


def _check(panels: Sequence[Panel]) -> None:
    if not 1 <= len(panels) <= 6:
        raise ValueError(f"found {len(panels)} panels, expected 1 to 6")
    for what, found in (("benchmark", {str(panel.benchmark) for panel in panels}), ("judge", _judges(panels))):
        if len(found) > 1:
            raise ValueError(f"one figure, but more than one {what}: {', '.join(sorted(found))}")


def draw_benchmark(
    series: pd.DataFrame,
    *,
    benchmark: str,
    kind_of: str,
    judge: str | None,
    references: Sequence[str],
    both_orders: bool,
    note: str | None,
) -> Figure:
    """Draw the ratings of one benchmark by one judge, or by rules."""
    panels = benchmark_panels(benchmark, kind_of, judge, tuple(references), both_orders)
    return draw(series, panels, note=note)


def draw_distance(
    series: pd.DataFrame, *, benchmark: str, judge: str, label_set: str, has_labels: bool, note: str | None
) -> Figure:
    """Draw how far profiles of BFI lie from labels and from the baseline."""
    return draw(series, distance_panels(benchmark, judge, label_set, has_labels), note=note)


def _of_family(series_of: str, told: Sequence[str]) -> Instances:
    """Return the figures of a family of series, named after them; `told` are parameters of the series."""

    def instances(grid: Grid, known: Known) -> Iterator[Instance]:
        for series in known.family(series_of):
            name = series.plain_outputs[0].removeprefix("tables/").removesuffix("-by-checkpoint.parquet")
            shown: dict[str, Any] = {key: series.spec[key] for key in told}
            yield Instance(name, {"table": series.outputs[:1]}, shown)

    return instances


_OF_ITEMS = "The items of one benchmark, asked after a number of rounds, each behind a copy of the dialogue so far. "
_BANDS = "Bands and whiskers are 95 % bootstrap intervals over (model, persona) cells."

BENCHMARKS = figure(
    "benchmarks",
    draw_benchmark,
    _of_family("series_by_checkpoint", ("benchmark", "kind_of", "judge", "references", "both_orders")),
    module=__name__,
    caption=_OF_ITEMS + _BANDS,
)
BFI_DISTANCE = figure(
    "bfi_distance",
    draw_distance,
    _of_family("series_of_distances", ("benchmark", "judge", "label_set", "has_labels")),
    module=__name__,
    caption=_OF_ITEMS + _BANDS,
)
