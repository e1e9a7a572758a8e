"""Benefit against cost: what interventions change at the end of a dialogue, over the tokens that they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.grids import nothing
from personas.figures.drawing.measures import Measure, around, arrow_text, in_lines, measures_of, ticks
from personas.figures.drawing.panels import over_text
from personas.figures.drawing.sheet import WIDTH, places, sheet
from personas.figures.figure import figure
from personas.figures.suites import suites
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.tables.interventions.benefits import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 2
_PANEL, _AROUND = 2.4, 1.5  # inches: a row of panels; legend and small print
READING = (
    "Points: change at the last position of a dialogue (of rounds: their mean since the checkpoint before) against "
    "the same dialogue without an intervention, over the tokens that a turn has more; orders and replicates are "
    "averaged. Whiskers: {bands} Above a panel: pairs."
)


def draw(
    table: pd.DataFrame,
    measures: Sequence[Mapping[str, Any]],
    *,
    condition: str,
    interventions: Sequence[str],
    note: str | None = None,
) -> Figure:
    """Draw `tables/benefits` of one condition, a panel a measure, a point an intervention; of all models together.

    Write the figure with `style.save`.
    """
    rows = table[(table["condition"] == condition) & table["intervention"].isin(interventions)]
    rows = rows[rows["model"] == ALL] if (rows["model"] == ALL).any() else rows
    panel_measures = measures_of(measures)
    columns = min(len(panel_measures), COLUMNS)
    with style.context():
        reading = READING.format(bands=over_text(rows.rename(columns={"change_low": "low"})))
        page = sheet(
            (WIDTH, _PANEL * -(-len(panel_measures) // columns) + _AROUND),
            [reading + arrow_text(panel_measures), note],
        )
        for axes, measure in zip(places(page, len(panel_measures), columns), panel_measures, strict=True):
            _panel(axes, measure, rows[rows["measure"] == measure.slug], interventions)
        page.align_ylabels()
        _legend(page, condition, interventions)
    return page


def _panel(axes: Axes, measure: Measure, rows: pd.DataFrame, interventions: Sequence[str]) -> None:
    axes.set_title(in_lines(measure.heading, 46), loc="left", pad=12)
    axes.set_xlabel("more tokens a turn")
    axes.set_ylabel(measure.unit_of_difference)
    points = rows.dropna(subset=["change", "extra_tokens"])
    if points.empty:
        nothing(axes)
        axes.set_xticks([])
        return
    pairs = sorted(points["n_pairs"].unique())
    counts = f"n = {pairs[0]}" if len(pairs) == 1 else f"n = {pairs[0]}–{pairs[-1]}"
    axes.annotate(counts, (0, 1), (0, 3), "axes fraction", textcoords="offset points", **style.SMALL_PRINT)
    for line in (axes.axhline, axes.axvline):
        line(0, color=style.FAINT, linewidth=0.8, zorder=1.5)
    for row in points.to_dict("records"):
        look = _look(interventions.index(row["intervention"]))
        along, up = (_whisker(row, name) for name in ("extra_tokens", "change"))
        axes.errorbar(row["extra_tokens"], row["change"], up, along, elinewidth=0.9, zorder=3, **look)
    axes.set_xlim(*around(*(points[name] for name in _ends("extra_tokens")), margin=0.1))
    axes.set_ylim(*around(*(points[name] for name in _ends("change")), margin=0.1))
    ticks(axes.yaxis, measure.scale)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace("-", "−"))


def _ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _whisker(row: Mapping[Any, Any], name: str) -> list[list[float]]:
    """Return how far an interval reaches below and above its mean; an unknown one is not drawn."""
    mean, low, high = (row[end] for end in _ends(name))
    return [[mean - low], [high - mean]] if low == low else [[0.0], [0.0]]


def _look(place: int) -> dict[str, Any]:
    """Return how the points of an intervention look, by its place in the config: filled, then hollow."""
    all_looks = [*style.FALLBACK, *style.LOOKS.values()]
    look = all_looks[place % len(all_looks)]
    group = "baseline" if place // len(all_looks) % 2 else "persona"
    return {**style.line_style(look, group), "linestyle": "none"}


def _legend(page: Figure, condition: str, interventions: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], label=slug, **_look(place)) for place, slug in enumerate(interventions)]
    columns = min(len(handles), 4)
    legend = page.legend(handles=handles, title=condition, ncols=columns, loc="outside upper center")
    legend.get_title().set(fontweight="bold", fontsize=style.TITLE)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if table := context.one("benefits"):
        slugs = list(grid.study.config.interventions)
        for suite in suites(grid):
            parameters = {"measures": suite.measures, "interventions": slugs}
            for condition in grid.study.config.conditions:
                name = f"benefits-{suite.name}--{condition}"
                title = f"Benefit against cost: {condition}, {suite.title}"
                yield Instance(
                    name, {"table": table.outputs[:1]}, {**parameters, "condition": condition}, title=title
                )


BENEFITS = figure(
    "benefits_of_interventions",
    draw,
    _instances,
    module=__name__,
    heading="Interventions",
    caption="What interventions change at the end of a dialogue, and how many tokens a turn they take. "
    "Whiskers are 95 % intervals; the figure says over what.",
)
