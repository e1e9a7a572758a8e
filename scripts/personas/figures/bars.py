"""What a long dialogue, a persona or a condition costs each model: a bar per model and condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from personas.config.root import Config
from personas.figures.drawing import style
from personas.figures.drawing.forest import Lines, forest
from personas.figures.drawing.measures import arrow_text, measures_of
from personas.figures.drawing.panels import keys_of, over_text
from personas.figures.drawing.sheet import legend
from personas.figures.figure import figure
from personas.figures.suites import Suite, checkpoint_measures, is_long, pairs, suites
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance, Instances
from personas.tables.cards import SIGNIFICANT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WHAT = {
    "length": "last position − first position, of the same persona and condition",
    "personalization": "persona − baseline where no round stands before the item, of the same condition",
    "condition": "{pair}, of the same persona and position, all positions after the shared start",
}
TITLES = {
    "length": "Cost of length",
    "personalization": "Cost of a persona",
    "condition": "Difference of conditions",
}
BOTH, TOGETHER = "conditions together", "all models"


def _claims(rows: pd.DataFrame) -> str:
    """Say which bars are claims."""
    claims = rows[rows["headline"]]
    if claims.empty:
        return "All are exploratory: none is a claim."
    some = " The other measures are exploratory." if len(claims) < len(rows) else ""
    return f"*: a claim that holds (q < {SIGNIFICANT:g} among all claims of the report).{some}"


def draw(
    table: pd.DataFrame,
    measures: Sequence[Mapping[str, Any]],
    *,
    contrast: str,
    models: Sequence[str],
    pair: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw one contrast of `tables/by-model`: a panel per measure, in it a group of bars per model, in that order.

    `pair` is how two conditions that are compared are written. A bar per condition where the table tells conditions
    apart. n: pairs behind a bar. A bar without a value says so. Write the figure with `style.save`.
    """
    kind = contrast.partition(":")[0]
    panel_measures = measures_of(measures)
    rows = table[(table["contrast"] == contrast) & table["measure"].isin([m.slug for m in panel_measures])]
    whole = pair or BOTH
    rows = rows.assign(model=rows["model"].fillna(TOGETHER))
    conditions = rows["condition"].astype("object").where(rows["condition"].notna(), whole)
    rows = rows.assign(condition=conditions, group="persona")
    keys = keys_of(rows)
    looks = style.looks(key.condition for key in keys)
    missing = int(rows["n_missing"].sum())
    lacking = f" {missing:,} pairs have no value on one side." if missing else ""
    reading = (
        f"Bars: mean over pairs of a model and a persona ({WHAT[kind].format(pair=pair)}). Whiskers: "
        f"{over_text(rows)} {_claims(rows)} n: pairs.{lacking}{arrow_text(panel_measures)}"
    )

    with style.context():
        figure = forest(
            panel_measures,
            rows,
            Lines([*models, *([TOGETHER] if (rows["model"] == TOGETHER).any() else [])], keys),
            unit=lambda measure: measure.unit_of_difference,
            draw_line=lambda axes, row, at, thick, key: _bar(axes, row, at, thick, looks[key.condition]),
            paragraphs=[reading, note],
            count="n_pairs",
        )
        legend(figure, keys, lambda key: key.condition, TITLES[kind])
    return figure


def _bar(axes: Axes, row: pd.Series, at: float, thick: float, look: style.Look) -> None:
    axes.barh(at, row["mean"], height=0.9 * thick, color=style.lighter(look.colour, 0.35), zorder=2)
    if np.isfinite(row["low"]):
        axes.hlines(at, row["low"], row["high"], color=style.INK, linewidth=0.9, zorder=3)
    if row["q"] < SIGNIFICANT:
        end = np.nanmax([row["mean"], row["high"], 0.0])
        axes.annotate("*", (end, at), xytext=(5, -2), textcoords="offset points", va="center", gid="claim")
    # The marker tells conditions apart in grey.
    axes.plot(row["mean"], at, **style.line_style(look, "persona") | {"markersize": 3.5})


Bar = tuple[str, str, str | None, Sequence[Mapping[str, Any]]]
"""Prefix of a figure's name, contrast, a pair in words, measures."""


def _of(choose: Callable[[Config, Suite], Iterator[Bar]]) -> Instances:
    def instances(grid: Grid, context: Context) -> Iterator[Instance]:
        table, config = context.one("by_model"), grid.study.config
        for suite in suites(grid) if table else ():
            for prefix, contrast, pair, measures in choose(config, suite):
                if table and measures:
                    parameters = {
                        "contrast": contrast,
                        "pair": pair,
                        "measures": measures,
                        "models": list(config.models),
                    }
                    title = (
                        f"{TITLES[contrast.partition(':')[0]]}{f' ({pair})' if pair else ''} by model: {suite.title}"
                    )
                    yield Instance(f"{prefix}-{suite.name}", {"table": table.outputs[:1]}, parameters, title=title)

    return instances


def _length(config: Config, suite: Suite) -> Iterator[Bar]:
    if is_long(config):
        yield "cost-of-length", "length", None, suite.measures


def _persona(config: Config, suite: Suite) -> Iterator[Bar]:
    if config.checkpoints[0] == 0:
        yield "cost-of-a-persona", "personalization", None, checkpoint_measures(config, suite)


def _conditions(config: Config, suite: Suite) -> Iterator[Bar]:
    for prefix, contrast, pair in pairs(config):
        yield f"models-difference-{prefix}", contrast, pair, suite.measures


_WHISKERS = "Bands and whiskers are 95 % intervals; the figure says over what."

COST_OF_LENGTH = figure(
    "cost_of_length",
    draw,
    _of(_length),
    module=__name__,
    heading="Models and personas",
    caption=f"Last position minus first, in each model. {_WHISKERS}",
)
COST_OF_A_PERSONA = figure(
    "cost_of_a_persona",
    draw,
    _of(_persona),
    module=__name__,
    heading="Models and personas",
    caption=f"Persona minus baseline where no round stands before the item, in each model. {_WHISKERS}",
)
DIFFERENCES_BY_MODEL = figure(
    "differences_by_model",
    draw,
    _of(_conditions),
    module=__name__,
    heading="Models and personas",
    caption=f"One dialogue condition minus another in each model, all positions after the shared start. {_WHISKERS}",
)
