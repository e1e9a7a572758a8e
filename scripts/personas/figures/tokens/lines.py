"""How often patterns occur over the dialogue, for each model, benchmark or persona: a row each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.axes import y_axis
from personas.figures.drawing.grids import nothing, panels, size_of, small_lines, write_counts, x_ticks
from personas.figures.drawing.panels import Key, conditions_of, keys_of, over_text
from personas.figures.drawing.sheet import legend, sheet
from personas.figures.figure import figure
from personas.figures.tokens.occurrence import OCCURRENCE
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

READING = (
    "Lines: mean over (model, persona) cells of hits / (patterns × answers) in the persona's answers, in percent; a "
    "row has an axis of its own. Bands: {bands} Above a panel: cells behind a point of the persona's "
    "and the baseline's patterns. Cells without patterns have no value."
)


def draw(
    table: pd.DataFrame, *, by: str, rows: Sequence[str], speaker: str = "persona", note: str | None = None
) -> Figure:
    """Draw the rows of `personas.tables.series.pattern_units.pattern_units` with that `by`, conditions side by side.

    `rows` are the slugs from top to bottom. Solid: patterns of the persona, dashed: of the baseline; both counted in
    the answers of `speaker`. Write the figure with `style.save`.
    """
    points = table[(table["by"] == by) & (table["speaker"] == speaker)]
    keys, conditions = keys_of(points, "pattern_group"), conditions_of(points)
    at = sorted(points["checkpoint"].unique())
    with style.context():
        figure = sheet(size_of(len(rows), len(conditions), wide=2.6), [READING.format(bands=over_text(points)), note])
        axes = panels(figure, rows, conditions or ["patterns"])
        for line, unit in zip(axes, rows, strict=True):
            of_unit = points[points["unit"] == unit]
            for one, condition in zip(line, conditions or [""], strict=True):
                cells = of_unit[of_unit["condition"] == condition]
                x_ticks(one, at)
                write_counts(one, cells, "pattern_group")
                if cells["mean"].notna().any():
                    small_lines(one, cells, keys, "checkpoint", "pattern_group")
                    y_axis(one, "small-share", of_unit)
                else:
                    nothing(one)
        for one in axes[-1]:
            one.set_xlabel("rounds before the question")
        legend(figure, keys, _label)
    return figure


def _label(key: Key) -> str:
    return f"{key.condition}, patterns of the {key.group}"


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if table := context.one("pattern_units"):
        study, benchmarks = grid.study, {artefact.spec["benchmark"] for artefact in context.family("patterns")}
        units = {
            "model": list(study.config.models),
            "benchmark": [name for name in study.config.benchmarks if name in benchmarks],
            "persona": list(study.personas),
        }
        for by, rows in units.items():
            title, parameters = f"How often patterns occur, by {by}", {"by": by, "rows": rows}
            yield Instance(f"patterns-by-{by}", {"table": table.outputs[:1]}, parameters, title=title)


PATTERN_RATES = figure(
    "pattern_rates", draw, _instances, module=__name__, heading="Token patterns", caption=OCCURRENCE
)
