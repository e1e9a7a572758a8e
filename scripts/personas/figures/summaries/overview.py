"""The first figure: how far the persona holds over the dialogue, beside what it costs, and one true sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from personas.benchmarks.panel import CONVERGENCE, FIDELITY, PATTERNS
from personas.figures.drawing import style
from personas.figures.drawing.panels import ARROW, keys_of, over_text
from personas.figures.drawing.sheet import WIDTH, legend, plain_label, sheet
from personas.figures.figure import figure
from personas.figures.summaries.card import measure_panel
from personas.figures.summaries.finding import finding
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.tables.strength.identification import AUC
from personas.tables.strength.measures import SECTION as WITHOUT_JUDGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, AROUND = 2.5, 1.3  # inches: a row of panels, and legend and small print
HOLDS, COSTS = "How far the persona holds", "What it costs"
READING = (
    "Points: mean over (model, persona) cells, orders and replicates averaged. {bands} Rounds: means since the mark "
    "before; the first mark is one round. n: cells at a point; counts: ratings with a value of those planned. "
    f"{ARROW}"
)
_OF_PERSONA = (FIDELITY, PATTERNS, CONVERGENCE)


def draw(
    table: pd.DataFrame,
    bars: pd.DataFrame,
    measures: pd.DataFrame,
    *,
    holds: Sequence[Mapping[str, Any]],
    costs: Sequence[Mapping[str, Any]],
    note: str | None = None,
) -> Figure:
    """Draw what `holds` on the left and what it `costs` on the right, from `personas.tables.series.overall`.

    A measure without any value has no panel. Below stands `personas.figures.summaries.finding.finding` of `bars` and
    `measures`, the tables `by-model` and `measures`.
    """
    sides = {name: _with_values(entries, table) for name, entries in ((HOLDS, holds), (COSTS, costs))}
    sides = {name: entries for name, entries in sides.items() if entries}
    rows = max((len(entries) for entries in sides.values()), default=1)
    all_entries = [measure for entries in sides.values() for measure in entries]
    points = table[table["measure"].isin([measure["measure"] for measure in all_entries])]
    keys = keys_of(points)
    with style.context():
        small = [finding(bars, measures), READING.format(bands=over_text(points)), note]
        figure = sheet((WIDTH, ROW * rows + AROUND), small)
        if not all_entries:
            figure.text(0.5, 0.6, "no data", ha="center", color=style.FAINT)
            return figure
        axes = figure.subplots(rows, len(sides), squeeze=False)
        for column, entries in enumerate(sides.values()):
            for row in range(rows):
                _panel(axes[row][column], entries[row] if row < len(entries) else None, table, keys)
        _headings(axes[0], list(sides))
        figure.align_ylabels()
        legend(figure, keys, plain_label)
    return figure


def _with_values(measures: Sequence[Mapping[str, Any]], table: pd.DataFrame) -> list[Mapping[str, Any]]:
    there = set(table.loc[table["mean"].notna(), "measure"])
    return [measure for measure in measures if measure["measure"] in there]


def _panel(axes: Axes, measure: Mapping[str, Any] | None, table: pd.DataFrame, keys: Sequence[Any]) -> None:
    if measure is None:
        axes.set_axis_off()
    else:
        measure_panel(axes, measure, table[table["measure"] == measure["measure"]], keys)


def _headings(axes: Sequence[Axes], words: Sequence[str]) -> None:
    """Print the heading of each column above its first panel, all at one height."""
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    lines = max(one.get_title(loc="left").count("\n") for one in axes) + 1
    for one, heading in zip(axes, words, strict=True):
        one.annotate(heading, (0, 1), xytext=(0, 14 + 15 * lines), fontsize=style.TITLE + 2, **place)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    series, cards = context.one("overall_series"), context.one("model_cards")
    bars, measures = context.one("by_model"), context.one("measures")
    if not (series and cards and bars and measures):
        return
    headlines = [(part["section"], m) for part in cards.spec["sections"] for m in part["measures"] if m["headline"]]
    selection = [(section, m) for section, m in headlines if section != WITHOUT_JUDGE or m["measure"] == AUC]
    holds = [m for section, m in selection if section in (*_OF_PERSONA, WITHOUT_JUDGE)]
    costs = [m for section, m in selection if section not in (*_OF_PERSONA, WITHOUT_JUDGE)]
    if selection:
        files = {
            name: artefact.outputs[:1]
            for name, artefact in (("table", series), ("bars", bars), ("measures", measures))
        }
        title = "How far the personas hold, and what it costs"
        yield Instance("overview", files, {"holds": holds, "costs": costs}, title=title)


OVERVIEW = figure(
    "overview",
    draw,
    _instances,
    module=__name__,
    heading="Overview",
    caption="Overview: how far the persona holds over the dialogue, beside what it costs, personas against the same "
    "models without one. Bands and whiskers are 95 % intervals; the figure says over what.",
)
