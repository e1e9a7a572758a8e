"""One panel: its frame, its lines with bands, and what is printed below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from personas.benchmarks.panel import Panel
from personas.figures.drawing import style
from personas.figures.drawing.axes import gap, x_axis, y_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROUPS = ("persona", "baseline")
ARROWS = {"higher": " ↑", "lower": " ↓", "neutral": ""}
ROUNDS_BEFORE = "rounds before the question"
ARROW = "Arrow: better direction."


_TITLE = 44
"""Characters of a title that fit above a panel."""


class Key(NamedTuple):
    """One line of a figure: a dialogue condition, and "persona" or "baseline"."""

    condition: str
    group: str


class Frame(NamedTuple):
    """The words around a panel; `scale` is one of `personas.figures.drawing.axes.SCALES`."""

    title: str
    unit: str
    x_label: str
    scale: str


def over_text(points: pd.DataFrame) -> str:
    """Say over which units the intervals of points are, the commonest first."""
    counts = points.loc[points["low"].notna(), "over"].value_counts()
    if counts.empty:
        return "No intervals: too few models, personas or items."
    units = "; or over ".join(" and ".join(over.rsplit(", ", 1)) for over in counts.index)
    some = " None where too few are there, or all alike." if points["low"].isna().any() else ""
    return f"95 % intervals over {units}.{some}"


def keys_of(series: pd.DataFrame, group: str = "group") -> list[Key]:
    """Return the lines that are in the table, the study's own conditions first, in its order."""
    present = set(series[["condition", group]].itertuples(index=False, name=None))
    return [Key(name, place) for name in conditions_of(series) for place in GROUPS if (name, place) in present]


def conditions_of(series: pd.DataFrame) -> list[str]:
    """Return the conditions that are in the table, the study's own first, in its order."""
    usual = [name for name in style.LOOKS if name in set(series["condition"])]
    return usual + sorted(set(series["condition"]) - set(usual))


def offsets_of(keys: Sequence[Key], places: Sequence[int]) -> dict[Key, float]:
    """A small shift in x for each line, so that equal values stand side by side; neighbours never meet."""
    span, least = gap(places)
    step = min(0.026 * span, 0.6 * least / max(len(keys), 1))
    return {key: (place - (len(keys) - 1) / 2) * step for place, key in enumerate(keys)}


def frame(axes: Axes, words: Frame, points: pd.DataFrame, below: Iterable[str]) -> bool:
    """Print title, labels and the lines `below`; say "no data" and return False if no point has a value."""
    axes.set_title(words.title if "\n" in words.title else fill(words.title, _TITLE), loc="left")
    axes.set_ylabel(words.unit)
    axes.set_xlabel(words.x_label)
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "top"}
    axes.annotate("\n".join(below), (0, 0), xytext=(0, -32), **style.SMALL_PRINT, **place)
    if points["mean"].notna().any():
        return True
    axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)
    axes.set_yticks([])
    return False


def lines(
    axes: Axes, points: pd.DataFrame, offsets: dict[Key, float], *, x: str = "checkpoint", group: str = "group"
) -> None:
    """Draw one line with band and whiskers per key, at the column `x`."""
    for layer, key, rows in by_line(points, offsets, x, group):
        _line(
            axes, rows[x] + offsets[key], rows, style.looks(k.condition for k in offsets)[key.condition], key, layer
        )


def by_line(
    points: pd.DataFrame, keys: Iterable[Key], x: str, group: str
) -> Iterator[tuple[float, Key, pd.DataFrame]]:
    """Yield layer, key and points (ascending in `x`) of each line that has a value."""
    for place, key in enumerate(keys):
        rows = points[(points["condition"] == key.condition) & (points[group] == key.group)]
        # A line without points counts as lying in the figure's corner, and the layout would make room for it.
        if rows["mean"].notna().any():
            # Baselines on top: a line of equal values behind them would strike through their hollow markers.
            yield (3 if key.group == "persona" else 4) + 0.01 * place, key, rows.sort_values(x)


def _line(axes: Axes, at: pd.Series, rows: pd.DataFrame, look: style.Look, key: Key, layer: float) -> None:
    x, mean, low, high = (column.to_numpy() for column in (at, rows["mean"], rows["low"], rows["high"]))
    axes.fill_between(x, low, high, color=look.colour, alpha=0.13, linewidth=0, zorder=2)
    axes.vlines(x, low, high, color=look.colour, alpha=0.6, linewidth=0.8, zorder=2.5)
    axes.plot(x, mean, zorder=layer, clip_on=False, **style.line_style(look, key.group))


def checkpoint_panel(
    axes: Axes, panel: Panel, points: pd.DataFrame, checkpoints: Sequence[int], offsets: dict[Key, float]
) -> None:
    """Draw the points of one panel, from a table of `personas.tables.series.by_checkpoint`, over the checkpoints."""
    words = Frame(panel.title + ARROWS[panel.better], panel.unit, ROUNDS_BEFORE, panel.scale)
    if frame(axes, words, points, answer_counts(points, "n_items_scored", "n_items_planned", "answers scored")):
        lines(axes, points, offsets)
        y_axis(axes, panel.scale, points)
    x_axis(axes, checkpoints)


def answer_counts(points: pd.DataFrame, scored: str, planned: str, what: str) -> Iterator[str]:
    """One line per group: cells behind each point; answers scored of those planned, in all points together."""
    for group in GROUPS:
        rows = points[points["group"] == group]
        if len(rows):
            n_scored, all_of_them = rows[scored].sum(), rows[planned].sum()
            yield f"{group}: n = {cells_text(rows['n_cells'])} a point; {n_scored:,} of {all_of_them:,} {what}"


def rating_counts(points: pd.DataFrame) -> Iterator[str]:
    """One line per group, short: cells behind each point; ratings with a value of those planned."""
    for group in GROUPS:
        rows = points[points["group"] == group]
        if len(rows):
            few, many = rows["n_cells"].min(), rows["n_cells"].max()
            n = f"{few}" if few == many else f"{few}–{many}"
            yield f"{group}: n = {n}; {rows['n_scored'].sum():,} of {rows['n_planned'].sum():,}"


def cells_text(n_cells: pd.Series) -> str:
    """Say how many cells are behind the points, as a range where this differs."""
    return range_text(n_cells, "cell")


def range_text(numbers: pd.Series, what: str) -> str:
    """Write counts as a range where they differ: "3–8 cells", "1 cell"; `what` is the singular."""
    few, many = numbers.min(), numbers.max()
    return f"{few}–{many} {what}s" if few != many else f"{few} {what}" if few == 1 else f"{few} {what}s"
