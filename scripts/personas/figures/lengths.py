"""How long dialogues get, in tokens, round by round: a panel per model or persona."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.grids import nothing, small_lines, write_counts, x_ticks
from personas.figures.drawing.measures import around, in_lines
from personas.figures.drawing.panels import keys_of, over_text
from personas.figures.drawing.sheet import WIDTH, legend, places, plain_label, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 3
_PANEL, _AROUND = 1.75, 1.7  # inches: a row of panels; legend and small print
READING = (
    "Lines: tokens of the dialogue so far, mean over {other}; all panels have the same axis. "
    "Bands: {bands} Above a panel: cells behind a point of persona and baseline.{missing}"
)


def draw(table: pd.DataFrame, *, by: str, units: Sequence[str], note: str | None = None) -> Figure:
    """Draw the tokens of `personas.tables.series.tokens.token_averages` by "model" or by "persona", in the order
    `units`.

    Write the figure with `style.save`.
    """
    points = table[table["by"] == by]
    keys = keys_of(points)
    at = sorted(points["position"].unique())
    high = around(points["mean"], points["high"])[1]
    missing = int(points["n_missing"].sum())
    lacking = f" {missing:,} values are not known." if missing else ""
    other = {"model": "the model's personas", "persona": "models"}[by]
    columns = min(len(units), COLUMNS)
    size = (WIDTH, _PANEL * -(-len(units) // columns) + _AROUND)
    with style.context():
        figure = sheet(size, [READING.format(other=other, missing=lacking, bands=over_text(points)), note])
        for place, (axes, unit) in enumerate(zip(places(figure, len(units), columns), units, strict=True)):
            rows = points[points["unit"] == unit]
            axes.set_title(in_lines(unit, 22), loc="left", fontsize=style.TEXT)
            axes.set_xlabel("round")
            axes.set_ylabel("tokens" if place % columns == 0 else "")
            x_ticks(axes, at)
            write_counts(axes, rows)
            if rows["mean"].notna().any():
                small_lines(axes, rows, keys, "position")
                axes.set_ylim(-0.04 * high, high)
                axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            else:
                nothing(axes)
        legend(figure, keys, plain_label)
    return figure


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if table := context.one("token_averages"):
        for by, units in (("model", grid.study.config.models), ("persona", grid.study.personas)):
            title, parameters = f"Tokens of the dialogue, by {by}", {"by": by, "units": list(units)}
            yield Instance(f"tokens-by-{by}", {"table": table.outputs[:1]}, parameters, title=title)


DIALOGUE_LENGTHS = figure(
    "dialogue_lengths",
    draw,
    _instances,
    module=__name__,
    heading="Length of the dialogue",
    caption="Tokens of the dialogue after each round. Bands are 95 % intervals; the figure says over what.",
)
