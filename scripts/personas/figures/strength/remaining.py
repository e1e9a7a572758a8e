"""What is left of the personas of one model by each kind of measure: do judge, patterns and classifier agree?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.axes import x_axis
from personas.figures.drawing.panels import (
    ROUNDS_BEFORE,
    Frame,
    Key,
    cells_text,
    conditions_of,
    frame,
    lines,
    offsets_of,
)
from personas.figures.drawing.sheet import WIDTH, legend, places, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.tables.measures import placeless_measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

READING = (
    "Lines: mean distance of the model's personas from the baseline (of the classifier: from chance), as a share of "
    "that at the first mark; 100: as at first, 0: like the baseline. Bands, whiskers: 95 % percentile bootstrap "
    "interval over personas. A kind that does not set personas apart at first has no line. Judges: rounds since the "
    "mark before."
)


def draw(table: pd.DataFrame, *, model: str, note: str | None = None) -> Figure:
    """Draw the rows of one `model` of `personas.tables.strength.remaining.remaining`, a panel for each condition.

    Write the figure with `style.save`.
    """
    own = table[table["model"] == model]
    conditions, marks = conditions_of(own), sorted(own["checkpoint"].unique())
    by_kind = own.assign(panel=own["condition"], condition=own["kind"], group="persona")
    keys = [Key(kind, "persona") for kind in dict.fromkeys(by_kind["kind"])]
    offsets = offsets_of(keys, marks)
    limits = (min(-0.05, own["low"].min() - 0.05), max(1.1, own["high"].max() + 0.05))
    with style.context():
        page = sheet((WIDTH, 4.6), [READING, note])
        for axes, condition in zip(places(page, len(conditions), max(len(conditions), 1)), conditions, strict=True):
            _panel(axes, condition, by_kind[by_kind["panel"] == condition], offsets, limits)
            x_axis(axes, marks)
        legend(page, keys, lambda key: key.condition, model)
    return page


def _panel(
    axes: Axes, condition: str, points: pd.DataFrame, offsets: dict[Key, float], limits: tuple[float, float]
) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_ylim(*limits)
    words = Frame(condition, "left of the first distance (%)", ROUNDS_BEFORE, "share")
    if frame(axes, words, points, [f"{cells_text(points['n_cells']).replace('cell', 'persona')} at a point"]):
        for level in (0.0, 1.0):
            axes.axhline(level, color=style.FAINT, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1.5)
        lines(axes, points, offsets)
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=None))


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if table := context.one("remaining_strength"):
        judges = {m["judge"]: sorted(m["of"]) for m in placeless_measures(grid) if m["of"]}
        for model in grid.study.config.models:
            title, parameters = f"What remains of the personas: {model}", {"model": model, "judges": judges}
            yield Instance(f"remaining-{model}", {"table": table.outputs[:1]}, parameters, title=title)


REMAINING = figure(
    "remaining_strength_of_personas",
    draw,
    _instances,
    module=__name__,
    heading="Strength without a judge",
    caption="What is left of the distance between the personas of a model and its baseline, by judge, token "
    "patterns and classifier: do the kinds of measure agree? 100: as at the first checkpoint, 0: like the baseline. "
    "Bands and whiskers are 95 % bootstrap intervals over personas.",
)
