"""How strong the personas of one model are over the dialogue, told without a judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.axes import x_axis, y_axis
from personas.figures.drawing.panels import (
    ROUNDS_BEFORE,
    Frame,
    Key,
    by_line,
    frame,
    keys_of,
    lines,
    offsets_of,
    rating_counts,
)
from personas.figures.drawing.sheet import legend, places, plain_label, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.tables.strength.identification import AUC, RATE
from personas.tables.strength.style import DISTANCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (3.0, 4.3)  # inches, a panel with its share of legend and small print
READING = (
    "Bold: mean over the model's personas; bands, whiskers: 95 % percentile bootstrap interval over items. Faint: "
    "each persona. Dotted: by chance. A classifier of words and letters learns from the answers at the first mark "
    "and scores items that it did not learn from. n: personas at a point; counts: answers with a value "
    "of those planned."
)
_WORDS = {
    AUC: Frame("Told from the baseline", "AUC", ROUNDS_BEFORE, "share"),
    RATE: Frame("Identified among personas", "named rightly (%)", ROUNDS_BEFORE, "share"),
    DISTANCE: Frame("Shift of style", "standard deviations", ROUNDS_BEFORE, "amount"),
}


def draw(table: pd.DataFrame, *, model: str, note: str | None = None) -> Figure:
    """Draw the rows of one `model` of `personas.tables.strength.strength`, a panel for each measure that it has.

    Write the figure with `style.save`.
    """
    rows = table[table["model"] == model]
    measures = [measure for measure in _WORDS if measure in set(rows["measure"])]
    keys, marks = keys_of(rows), sorted(rows["checkpoint"].unique())
    offsets = {key: shift / 2 for key, shift in offsets_of(keys, marks).items()}
    with style.context():
        sheet_of_model = sheet((SIZE[0] * max(len(measures), 2), SIZE[1]), [READING, note])
        for axes, measure in zip(places(sheet_of_model, len(measures), len(measures)), measures, strict=True):
            _panel(axes, measure, rows[rows["measure"] == measure], offsets)
            x_axis(axes, marks)
        legend(sheet_of_model, keys, plain_label, model)
    return sheet_of_model


def _panel(axes: Axes, measure: str, points: pd.DataFrame, offsets: dict[Key, float]) -> None:
    words, is_one = _WORDS[measure], points["persona"].notna()
    together = points[~is_one]
    if not frame(axes, words, together, rating_counts(together)):
        return
    axes.axhline(points["chance"].iloc[0], color=style.FAINT, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1.5)
    looks = style.looks(key.condition for key in offsets)
    for _, rows in points[is_one].groupby("persona"):
        for _, key, line in by_line(rows, offsets, "checkpoint", "group"):
            axes.plot(
                line["checkpoint"], line["mean"], zorder=2.6, **style.faint_style(looks[key.condition], key.group)
            )
    lines(axes, together, offsets)
    if measure == DISTANCE:
        axes.margins(y=0.08)
    else:
        y_axis(axes, words.scale, points)
    if measure == AUC:
        axes.yaxis.set_major_formatter("{x:g}")


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if table := context.one("persona_strength"):
        for model in grid.study.config.models:
            title = f"Strength of the personas: {model}"
            yield Instance(f"strength-{model}", {"table": table.outputs[:1]}, {"model": model}, title=title)


STRENGTH = figure(
    "strength_of_personas",
    draw,
    _instances,
    module=__name__,
    heading="Strength without a judge",
    caption="How well a classifier of words and letters tells the personas of a model from the baseline and from "
    "each other, and how far their style has moved from their first answers. It learns from the first answers only, "
    "and scores no item that it learned from. Bands and whiskers are 95 % bootstrap intervals over items.",
)
