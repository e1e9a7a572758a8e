"""The top of the picture of a grid: its title and its legend."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from personas.figures.drawing import style
from personas.workflow.terminal.picture_of_grid.page import (
    BETWEEN,
    EDGE,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch


def header(figure: Figure, title: str, handles: Sequence[Patch | Line2D], body: float) -> None:
    """Print title and legend above a body of that height, and give the figure its height."""
    width = figure.get_figwidth()
    text = figure.text(EDGE / width, 1, "", va="top", fontsize=style.TITLE, fontweight="bold", parse_math=False)
    for characters in range(160, 10, -5):
        text.set_text("\n".join(textwrap.wrap(title, characters, max_lines=3, placeholder=" …")))
        if text.get_window_extent().width <= 0.98 * (width - 2 * EDGE) * figure.dpi:
            break
    high = text.get_window_extent().height / figure.dpi
    under = _legend(figure, handles) if handles else 0.0
    height = EDGE + high + under + body + BETWEEN / 2
    figure.set_figheight(height)
    text.set_y(1 - EDGE / height)
    for legend in figure.legends:
        legend.set_bbox_to_anchor((EDGE / width, 1 - (EDGE + high + BETWEEN / 2) / height))


def _legend(figure: Figure, handles: Sequence[Patch | Line2D]) -> float:
    """Add the legend with as many columns as there is room for; returns its height in inches."""
    room = figure.bbox.width - 2 * EDGE * figure.dpi
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(handles=handles, ncols=columns, loc="upper left", borderpad=0, borderaxespad=0)
        box = legend.get_window_extent()
        if columns == 1 or box.width <= 0.98 * room:
            break
        legend.remove()
    return float(box.height / figure.dpi) + BETWEEN / 2
