"""Mixed models: what a round more, or a persona, does to a rating, per model and condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from personas.config.root import Config
from personas.figures.drawing import style
from personas.figures.drawing.forest import Lines, forest
from personas.figures.drawing.measures import Measure, arrow_text, measures_of
from personas.figures.drawing.panels import Key, keys_of
from personas.figures.drawing.sheet import legend
from personas.figures.figure import figure
from personas.figures.suites import Suite, checkpoint_measures, is_long, suites
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance, Instances

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TERMS = {"length": "position", "personalization": "persona"}
"""Family -> the term that a figure shows."""
TITLES = {"length": "Effect of length", "personalization": "Effect of a persona"}
WHAT = {
    "length": "change of the rating with one more round before the item, personas only",
    "personalization": "persona against baseline, over all checkpoints",
}
READING = (
    "Points: coefficient of a linear mixed model, {what}. Whiskers: 95 % Wald interval of the fit. n: values in the "
    "fit. Hollow: the fit has another status than ok, and its interval says little{which}."
)


OK = "ok"


def draw(
    table: pd.DataFrame,
    measures: Sequence[Mapping[str, Any]],
    *,
    family: str,
    models: Sequence[str],
    note: str | None = None,
) -> Figure:
    """Draw the effects of one family of `tables/mixed-models` ("length" or "personalization"), a panel per measure.

    A fit that is not "ok" is hollow; one without a coefficient has its status in its place. Write the figure with
    `style.save`.
    """
    panel_measures = measures_of(measures)
    rows = table[
        (table["family"] == family)
        & table["measure"].isin([m.slug for m in panel_measures])
        & (table["term"] == TERMS[family])
    ]
    rows = rows.assign(mean=rows["coefficient"], group="persona")
    keys = keys_of(rows)
    looks = style.looks(key.condition for key in keys)

    def point(axes: Axes, row: pd.Series, at: float, _: float, key: Key) -> None:
        look, fine = looks[key.condition], row["status"] == OK
        if np.isfinite(row["low"]):
            axes.hlines(at, row["low"], row["high"], color=look.colour, linewidth=1.1, zorder=3)
        # Hollow, as a baseline is drawn elsewhere: here there is none.
        marker = style.line_style(look, "persona" if fine else "baseline") | {"markersize": 5, "linestyle": ""}
        axes.plot(row["mean"], at, zorder=4, **marker)

    with style.context():
        figure = forest(
            panel_measures,
            rows,
            Lines(models, keys),
            unit=lambda measure: _unit(measure, family),
            draw_line=point,
            paragraphs=[_reading(rows, family) + arrow_text(panel_measures), note],
            count="n",
        )
        legend(figure, keys, lambda key: key.condition, TITLES[family])
    return figure


def _unit(measure: Measure, family: str) -> str:
    return f"{measure.unit_of_difference}\nper round" if family == "length" else measure.unit_of_difference


def _reading(rows: pd.DataFrame, family: str) -> str:
    other = rows.loc[rows["status"] != OK, "status"].value_counts().sort_index()
    which = f" ({', '.join(f'{count} {status}' for status, count in other.items())})" if len(other) else ""
    return READING.format(what=WHAT[family], which=which)


def _of(name: str, family: str, choose: Callable[[Config, Suite], Sequence[Mapping[str, Any]]]) -> Instances:
    def instances(grid: Grid, context: Context) -> Iterator[Instance]:
        table, config = context.one("mixed_models"), grid.study.config
        for suite in suites(grid) if table else ():
            if table and (measures := choose(config, suite)):
                parameters = {"family": family, "measures": measures, "models": list(config.models)}
                title = f"{name.replace('-', ' ').capitalize()}: {suite.title}"
                yield Instance(f"{name}-{suite.name}", {"table": table.outputs[:1]}, parameters, title=title)

    return instances


_CAPTION = (
    "Coefficients of linear mixed models, one fit for each measure, model and condition. Whiskers are 95 % Wald "
    "intervals of the fit."
)

EFFECT_OF_LENGTH = figure(
    "effect_of_length",
    draw,
    _of("effect-of-length", "length", lambda config, suite: suite.measures if is_long(config) else []),
    module=__name__,
    heading="Mixed models",
    caption=_CAPTION,
)
EFFECT_OF_A_PERSONA = figure(
    "effect_of_a_persona",
    draw,
    _of("effect-of-a-persona", "personalization", checkpoint_measures),
    module=__name__,
    heading="Mixed models",
    caption=_CAPTION,
)
