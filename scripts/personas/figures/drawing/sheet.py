"""One figure as a whole: its panels' places, the legend above them, the small print at the bottom."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from personas.figures.drawing import style
from personas.figures.drawing.panels import Key

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.6  # inches
HEIGHTS = {1: 4.2, 2: 6.6, 3: 9.2}  # inches, by rows of panels


def sheet(size: tuple[float, float], paragraphs: Sequence[str | None]) -> Figure:
    """Return an empty figure of `size` (inches) with the paragraphs (None: nothing) at the bottom.

    A line break ends a paragraph.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    _footer(figure, [line for words in paragraphs if words for line in words.split("\n")])
    return figure


def places(figure: Figure, panels: int, columns: int) -> list[Axes]:
    """Return the axes of as many panels, row by row; what is left of the last row stays empty."""
    axes = list(figure.subplots(-(-panels // columns), columns, squeeze=False).flat)
    for spare in axes[panels:]:
        spare.remove()
    return axes[:panels]


def legend(
    figure: Figure,
    keys: Sequence[Key],
    label: Callable[[Key], str],
    title: str | None = None,
    *,
    bars: bool = False,
) -> None:
    """Put one legend above all panels, as wide as fits, a condition to a column; `bars`: of bars instead of lines."""
    looks = style.looks(key.condition for key in keys)
    handles = [_handle(looks[key.condition], key.group, bars) for key in keys]
    for handle, key in zip(handles, keys, strict=True):
        handle.set_label(label(key))
    # Legends fill column by column: whole conditions to a column keep persona and baseline together.
    for columns in [count for count in range(len(looks), 0, -1) if len(looks) % count == 0] or [1]:
        box = figure.legend(handles=handles, title=title, ncols=columns, loc="outside upper center", handlelength=3.2)
        box.get_title().set(fontweight="bold", fontsize=style.TITLE)
        if columns == 1 or box.get_window_extent().width <= 0.96 * figure.bbox.width:
            return
        box.remove()


def _handle(look: style.Look, group: str, bars: bool) -> Artist:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return Patch(**style.bar_style(look, group)) if bars else Line2D([], [], **style.line_style(look, group))


def plain_label(key: Key) -> str:
    """Name a line by its condition and group."""
    return f"{key.condition}, {key.group}"


def _footer(figure: Figure, paragraphs: Sequence[str]) -> None:
    """Print the paragraphs at the bottom, wrapped to the figure's width, and keep the panels above them."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    text = figure.text(0.012, 0.008, "", va="bottom", parse_math=False, **style.SMALL_PRINT)
    for width in range(150, 30, -10):
        text.set_text(
            "\n".join(line for words in paragraphs for line in textwrap.wrap(words, width, break_on_hyphens=False))
        )
        if text.get_window_extent().width <= 0.975 * figure.bbox.width:
            break
    top = text.get_window_extent().y1 / figure.bbox.height
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0, top, 1, 1 - top), h_pad=0.06, w_pad=0.06))
