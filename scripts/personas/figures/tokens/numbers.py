"""How many patterns tell persona and baseline apart, at the first and at the last checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.forest import Lines, forest
from personas.figures.drawing.measures import Measure
from personas.figures.drawing.panels import Key, conditions_of, over_text
from personas.figures.drawing.sheet import legend
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

READING = (
    "Bars: number of patterns of the {group}, mean over personas. Filled: mined in the answers at the first "
    "checkpoint ({first}), hollow: at the last ({last}). Whiskers: {bands} n: searches that ended.{missing}"
)


def draw(table: pd.DataFrame, *, pattern_group: str, models: Sequence[str], note: str | None = None) -> Figure:
    """Draw the patterns of one group of `personas.tables.series.pattern_units.pattern_numbers`, a panel per
    benchmark.

    Write the figure with `style.save`.
    """
    rows = table[table["pattern_group"] == pattern_group]
    ends = sorted(rows["mined_at"].unique()) or [0]
    keys = [Key(name, group) for name in conditions_of(rows) for group in ("persona", "baseline")]
    which = {ends[0]: "persona", ends[-1]: "baseline"}  # filled and hollow
    rows = rows.assign(group=rows["mined_at"].map(which), measure=rows["benchmark"])
    looks = style.looks(key.condition for key in keys)
    missing = int(rows["n_missing"].sum())
    lacking = f" {missing:,} searches did not end and have no number." if missing else ""

    def bar(axes: Axes, row: pd.Series, at: float, thick: float, key: Key) -> None:
        axes.barh(at, row["mean"], height=0.85 * thick, zorder=2, **style.bar_style(looks[key.condition], key.group))
        if np.isfinite(row["low"]):
            axes.hlines(at, row["low"], row["high"], color=style.INK, linewidth=0.8, zorder=3)

    names = sorted(rows["benchmark"].unique()) or ["patterns"]
    measures = [Measure(name, name, "patterns", "amount", "neutral") for name in names]
    reading = READING.format(
        group=pattern_group, first=ends[0], last=ends[-1], missing=lacking, bands=over_text(rows)
    )
    with style.context():
        figure = forest(
            measures,
            rows,
            Lines(models, keys),
            unit=lambda measure: measure.unit,
            draw_line=bar,
            paragraphs=[reading, note],
            count="n_cells",
        )
        legend(figure, keys, _label, f"Number of patterns of the {pattern_group}", bars=True)
    return figure


def _label(key: Key) -> str:
    return f"{key.condition}, {'first' if key.group == 'persona' else 'last'} checkpoint"


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if table := context.one("pattern_numbers"):
        for group in ("persona", "baseline"):
            parameters = {"pattern_group": group, "models": list(grid.study.config.models)}
            title = f"Number of patterns of the {group}"
            yield Instance(f"patterns-numbers-of-{group}", {"table": table.outputs[:1]}, parameters, title=title)


NUMBER_OF_PATTERNS = figure(
    "number_of_patterns",
    draw,
    _instances,
    module=__name__,
    heading="Token patterns",
    caption="How many token patterns tell persona and baseline apart, at the first and at the last checkpoint. "
    "Whiskers are 95 % intervals; the figure says over what.",
)
