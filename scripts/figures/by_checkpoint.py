"""The main figure: four measures over the length of the dialogue, persona against baseline."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from scripts.analysis.series import PANELS, Panel
from scripts.figures import style

SIZE = (7.6, 6.6)  # inches
GROUPS = ("persona", "baseline")
ARROWS = {"higher": " ↑", "lower": " ↓", "neutral": ""}
READING = (
    "Points: mean over (model, persona) cells. Bands, whiskers: 95 % bootstrap interval over two or more "
    "cells. Arrow: better direction."
)


class Key(NamedTuple):
    """One line of the figure: a dialogue condition, and "persona" or "baseline"."""

    condition: str
    group: str


def draw(series: pd.DataFrame, *, note: str | None = None) -> Figure:
    """Draw the table of `scripts.analysis.series.series_by_checkpoint` as one figure of 2 x 2 panels.

    A point without value leaves a gap in its line; a panel without any says "no data". Rates are shown in
    percent on a fixed axis. `note` is printed under the panels. The figure belongs to no pyplot window: write
    it with `style.save`.
    """
    keys = _keys(series)
    with style.context():
        figure = Figure(figsize=SIZE)
        _footer(figure, [READING, note] if note else [READING])
        checkpoints = sorted(series["checkpoint"].unique())
        offsets = _offsets(keys, checkpoints)
        for axes, panel in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
            _panel(axes, panel, series[series["panel"] == panel.slug], offsets)
            _x_axis(axes, checkpoints)
        figure.align_ylabels()
        _legend(figure, keys)
    return figure


def _keys(series: pd.DataFrame) -> list[Key]:
    present = set(series[["condition", "group"]].itertuples(index=False, name=None))
    # The study's own conditions come first, in its order.
    known = [name for name in style.LOOKS if name in set(series["condition"])]
    names = known + sorted(set(series["condition"]) - set(known))
    return [Key(name, group) for name in names for group in GROUPS if (name, group) in present]


def _gap(checkpoints: Sequence[int]) -> tuple[float, float]:
    """Length of the x axis and smallest distance of two checkpoints, in rounds; 1 where there is only one."""
    gaps = [after - before for before, after in pairwise(checkpoints)]
    return (float(sum(gaps)), float(min(gaps))) if gaps else (1.0, 1.0)


def _offsets(keys: Sequence[Key], checkpoints: Sequence[int]) -> dict[Key, float]:
    """A small shift in x for each line, so that equal values stand side by side; neighbours never meet."""
    span, gap = _gap(checkpoints)
    step = min(0.026 * span, 0.6 * gap / max(len(keys), 1))
    return {key: (place - (len(keys) - 1) / 2) * step for place, key in enumerate(keys)}


def _panel(axes: Axes, panel: Panel, points: pd.DataFrame, offsets: dict[Key, float]) -> None:
    axes.set_title(panel.title + ARROWS[panel.better], loc="left")
    axes.set_ylabel(panel.unit)
    axes.set_xlabel("rounds before the question")
    below: dict[str, Any] = {
        "xycoords": "axes fraction",
        "xytext": (0, -32),
        "textcoords": "offset points",
        "va": "top",
    }
    axes.annotate("\n".join(_counts(points)), (0, 0), **style.SMALL_PRINT, **below)
    if points["mean"].isna().all():
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)
        axes.set_yticks([])
        return
    looks = style.looks(key.condition for key in offsets)
    for place, (key, offset) in enumerate(offsets.items()):
        rows = points[(points["condition"] == key.condition) & (points["group"] == key.group)]
        # Baselines on top: a line of equal values behind them would strike through their hollow markers.
        layer = (3 if key.group == "persona" else 4) + 0.01 * place
        _line(axes, rows.sort_values("checkpoint"), looks[key.condition], key.group, offset, layer)
    _y_axis(axes, panel, points)


def _line(axes: Axes, rows: pd.DataFrame, look: style.Look, group: str, offset: float, layer: float) -> None:
    x = rows["checkpoint"].to_numpy() + offset
    mean, low, high = (rows[name].to_numpy() for name in ("mean", "low", "high"))
    axes.fill_between(x, low, high, color=look.colour, alpha=0.13, linewidth=0, zorder=2)
    axes.vlines(x, low, high, color=look.colour, alpha=0.6, linewidth=0.8, zorder=2.5)
    axes.plot(x, mean, zorder=layer, clip_on=False, **style.line_style(look, group))


def _x_axis(axes: Axes, checkpoints: Sequence[int]) -> None:
    if not checkpoints:
        axes.set_xticks([])
        return
    span, _ = _gap(checkpoints)
    first, *middle, last = checkpoints if len(checkpoints) > 1 else [*checkpoints, checkpoints[0]]
    shown = [first]
    for checkpoint in middle:
        # A label needs about 7 % of the axis; the last checkpoint always has one.
        if min(checkpoint - shown[-1], last - checkpoint) >= 0.07 * span:
            shown.append(checkpoint)
    axes.set_xticks([*shown, last] if last != first else shown)
    axes.set_xticks(checkpoints, minor=True)
    axes.set_xlim(first - 0.06 * span, last + 0.06 * span)


def _y_axis(axes: Axes, panel: Panel, points: pd.DataFrame) -> None:
    if panel.is_rate:
        # The margin keeps lines at 0 and 100 % off the frame.
        axes.set_ylim(-0.05, 1.05)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=None))
    else:
        top = np.nanmax([1.0, *points["mean"], *points["high"]])
        axes.set_ylim(-0.05 * top, 1.1 * top)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def _counts(points: pd.DataFrame) -> Iterator[str]:
    """One line per group: cells behind each point (as a range); answers scored of those planned, in all."""
    for group in GROUPS:
        rows = points[points["group"] == group]
        if len(rows):
            few, many = rows["n_cells"].min(), rows["n_cells"].max()
            cells = f"{few}–{many} cells" if few != many else f"{few} cell" if few == 1 else f"{few} cells"
            scored, planned = rows["n_items_scored"].sum(), rows["n_items_planned"].sum()
            yield f"{group}: n = {cells} a point; {scored:,} of {planned:,} answers scored"


def _legend(figure: Figure, keys: Sequence[Key]) -> None:
    looks = style.looks(key.condition for key in keys)
    handles = [
        Line2D([], [], label=f"{key.condition}, {key.group}", **style.line_style(looks[key.condition], key.group))
        for key in keys
    ]
    # Legends fill column by column: whole conditions to a column keep persona and baseline together.
    for columns in [count for count in range(len(looks), 0, -1) if len(looks) % count == 0]:
        legend = figure.legend(handles=handles, ncols=columns, loc="outside upper center", handlelength=3.2)
        if columns == 1 or legend.get_window_extent().width <= 0.96 * figure.bbox.width:
            return
        legend.remove()


def _footer(figure: Figure, paragraphs: Sequence[str]) -> None:
    """Print the paragraphs at the bottom, wrapped to the figure's width, and keep the panels above them."""
    text = figure.text(0.012, 0.008, "", va="bottom", parse_math=False, **style.SMALL_PRINT)
    for width in range(150, 30, -10):
        text.set_text("\n".join(line for words in paragraphs for line in textwrap.wrap(words, width)))
        if text.get_window_extent().width <= 0.975 * figure.bbox.width:
            break
    top = text.get_window_extent().y1 / figure.bbox.height
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0, top, 1, 1 - top), h_pad=0.06, w_pad=0.06))
