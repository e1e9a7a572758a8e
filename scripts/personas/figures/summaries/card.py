"""One model over the dialogue: small panels of all that its card tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import pandas as pd

from personas.benchmarks.panel import RULES
from personas.figures.drawing import style
from personas.figures.drawing.axes import x_axis, y_axis
from personas.figures.drawing.panels import (
    ARROW,
    ARROWS,
    ROUNDS_BEFORE,
    Frame,
    Key,
    frame,
    keys_of,
    lines,
    offsets_of,
    over_text,
    rating_counts,
)
from personas.figures.drawing.sheet import legend, places, plain_label, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, AROUND = 3.0, 2.4, 1.1  # inches: of a panel, and of legend and small print
FEW = 6
"""Panels up to which three stand side by side, and above which four do."""

READING = (
    "Points: mean over the model's personas, orders and replicates averaged. {bands} Rounds: means since the mark "
    "before; the first mark is one round. n: personas at a point; counts: ratings with a value of those planned. "
    f"{ARROW}"
)

_TITLE = 34
"""Characters of a title that fit above a panel."""
_UNIT = 20
"""Characters of a unit that fit beside one."""


def draw(
    series: pd.DataFrame, measures: Sequence[Mapping[str, Any]], *, model: str, note: str | None = None
) -> Figure:
    """Draw the `measures` (as the cards' spec has them) of one `model` from `personas.tables.series.models`.

    A measure without values says "no data". `note` is printed at the bottom. Write the figure with `style.save`.

    Raises:
        ValueError: no measure is given.
    """
    if not measures:
        raise ValueError("found no measure, expected at least one")
    own = series[series["model"] == model]
    columns = min(len(measures), 3 if len(measures) <= FEW else 4)
    rows = -(-len(measures) // columns)
    keys = keys_of(own[own["measure"].isin([m["measure"] for m in measures])])
    with style.context():
        figure = sheet((WIDTH * columns, HEIGHT * rows + AROUND), [READING.format(bands=over_text(own)), note])
        for axes, measure in zip(places(figure, len(measures), columns), measures, strict=True):
            measure_panel(axes, measure, own[own["measure"] == measure["measure"]], keys)
        legend(figure, keys, plain_label, model)
    return figure


def measure_panel(axes: Axes, measure: Mapping[str, Any], points: pd.DataFrame, keys: Sequence[Key]) -> None:
    """Draw one measure over its positions, from the points of a series."""
    by_round = measure["axis"] == "round"
    scale = "small-share" if measure["metric"] == "patterns" else measure["scale"]
    x_label = "round" if by_round else ROUNDS_BEFORE
    words = Frame(_title(measure), fill(measure["unit"], _UNIT), x_label, scale)
    marks = sorted(points["position"].unique())
    if frame(axes, words, points, rating_counts(points)):
        lines(axes, points, offsets_of(keys, marks), x="position")
        if scale == "amount" and points["mean"].max() < 2:
            _small_amount(axes, points)
        else:
            y_axis(axes, scale, points)
    x_axis(axes, marks)


def _small_amount(axes: Axes, points: pd.DataFrame) -> None:
    """Set an axis from 0, or from below where chance brings one there, as high as needed, for small distances."""
    from matplotlib.ticker import MaxNLocator

    bounds = points[["mean", "low", "high"]]
    axes.set_ylim(1.15 * min(0.0, float(bounds.min().min())), 1.15 * (float(bounds.max().max()) or 1.0))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _title(measure: Mapping[str, Any]) -> str:
    """Return the title with who judges and an arrow, in lines that fit."""
    judge = measure["judge"]
    by = f", by {judge}" if judge and judge != RULES else ""
    arrow = ARROWS[measure["better"]].replace(" ", "\u00a0")  # it stands on no line by itself
    return fill(f"{measure['title']}{by}{arrow}", _TITLE, break_on_hyphens=False)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    series, cards = context.one("model_series"), context.one("model_cards")
    if series and cards:
        measures = [m for part in cards.spec["sections"] for m in part["measures"] if m["headline"]]
        for model in grid.study.config.models if measures else ():
            title, parameters = f"Model card: {model}", {"model": model, "measures": measures}
            yield Instance(f"card-{model}", {"table": series.outputs[:1]}, parameters, title=title)


MODEL_CARD = figure(
    "model_card",
    draw,
    _instances,
    module=__name__,
    heading="Model cards",
    caption="One model over the dialogue, a panel for each measure of its card; rounds are averaged since the "
    "checkpoint before. Bands and whiskers are 95 % intervals; the figure says over what.",
)
