"""How often patterns occur, by model and checkpoint, as a share of the model's own highest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.measures import in_few_lines
from personas.figures.drawing.panels import GROUPS, ROUNDS_BEFORE, conditions_of
from personas.figures.drawing.sheet import WIDTH, places, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

READING = (
    "Cells: hits of all patterns in the persona's answers / (patterns × answers), as a share of the highest that "
    "the model has in any condition and checkpoint; persona's and baseline's patterns each by themselves, so rows "
    "of the two cannot be compared. 1: where they occur most. –: no pattern, no answer or no hit at all."
)


_DARK = 0.6  # share from which a number is white
_ROW, _CONDITION = 0.3, 3.1  # inches
_APART = 10  # checkpoints from which on numbers get smaller


def draw(table: pd.DataFrame, *, models: Sequence[str], speaker: str = GROUPS[0], note: str | None = None) -> Figure:
    """Draw `of_highest` of `personas.tables.series.pattern_units.pattern_units` by model: conditions side by side.

    Above the patterns of the persona, below those of the baseline, both counted in the answers of `speaker`. Shade
    and number say the same. Write the figure with `style.save`.
    """
    rows = table[(table["by"] == "model") & (table["speaker"] == speaker)]
    conditions = conditions_of(rows)
    at = sorted(rows["checkpoint"].unique())
    columns = max(len(conditions), 1)
    size = (max(WIDTH, 1.4 + _CONDITION * columns), 2 * (_ROW * max(len(models), 2) + 0.9) + 0.9)
    with style.context():
        figure = sheet(size, [READING.replace("the persona's", f"the {speaker}'s"), note])
        for place, axes in enumerate(places(figure, 2 * columns, columns)):
            group = GROUPS[place // columns]
            if not conditions:
                _nothing(axes, f"Patterns of the {group}")
                continue
            condition = conditions[place % columns]
            cells = rows[(rows["condition"] == condition) & (rows["pattern_group"] == group)]
            axes.set_title(f"Patterns of the {group}\n{condition}", loc="left")
            _map(axes, cells, models, at)
            axes.set_yticks(range(len(models)))
            names = [in_few_lines(m) for m in models] if place % columns == 0 else []
            axes.set_yticklabels(names, fontsize=style.SMALL, linespacing=0.95)
            axes.set_xlabel(ROUNDS_BEFORE if place // columns == 1 else "")
    return figure


def _map(axes: Axes, cells: pd.DataFrame, models: Sequence[str], at: Sequence[int]) -> None:
    shares = cells.pivot(index="unit", columns="checkpoint", values="of_highest")
    grid = shares.reindex(index=list(models), columns=list(at)).to_numpy(dtype=float)
    # Rectangles, not an image: a PDF of vectors stays sharp.
    across, down = np.arange(len(at) + 1) - 0.5, np.arange(len(models) + 1) - 0.5
    shades: dict[str, Any] = {"cmap": style.shades(), "vmin": 0, "vmax": 1, "edgecolors": "white", "linewidth": 1}
    axes.pcolormesh(across, down, np.ma.masked_invalid(grid), **shades)
    size = style.SMALL if len(at) <= _APART else style.SMALL - 1.5
    for (i, j), share in np.ndenumerate(grid):
        is_known = np.isfinite(share)
        colour = style.FAINT if not is_known else "white" if share >= _DARK else style.INK
        axes.text(j, i, f"{share:.2f}" if is_known else "–", ha="center", va="center", color=colour, fontsize=size)
    axes.set(xlim=(-0.5, len(at) - 0.5), ylim=(len(models) - 0.5, -0.5), xticks=range(len(at)))
    axes.set_xticklabels([str(checkpoint) for checkpoint in at])
    axes.tick_params(length=0)
    axes.grid(visible=False)


def _nothing(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left")
    axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)
    axes.set(xticks=[], yticks=[])


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if table := context.one("pattern_units"):
        parameters, title = {"models": list(grid.study.config.models)}, "Where patterns occur most"
        yield Instance("patterns-heat-map", {"table": table.outputs[:1]}, parameters, title=title)


PATTERN_HEAT_MAP = figure(
    "pattern_heat_map",
    draw,
    _instances,
    module=__name__,
    heading="Token patterns",
    caption="How often token patterns occur in each model, as a share of where they occur most. No intervals are "
    "drawn.",
)
