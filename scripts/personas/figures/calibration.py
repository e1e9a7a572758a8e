"""How far judges agree with people and with each other: confusion matrices, and kappa by model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.sheet import WIDTH, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.tables.judges.calibration import ALL, LIKERT
from personas.tables.judges.rater_rows import JUDGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

READING = (
    "Top: texts by the value that both gave; shade: share of a row. Bottom: Cohen's kappa, plain (filled) and with "
    "quadratic weights (hollow, ratings from 1 to 5 only); whiskers: 95 % percentile bootstrap interval over "
    "dialogues, or items where texts are not of this grid. 0: as much as chance gives. Grey: why there is no kappa."
)

COLUMNS = 3
_MATRIX, _LINE, _EDGE = 2.5, 0.2, 1.2  # inches: a row of matrices, a line of kappas, the axis below them
_DARK = 0.6  # share from which a number is white
_WORDS = {"refusal": {0.0: "no", 1.0: "yes"}, "win": {0.0: "lost", 0.5: "tie", 1.0: "won"}}
_NO_KAPPA = {"one-label": "one rater gives one value only", "no-items": "no text rated by both"}


def draw(table: pd.DataFrame, *, name: str, note: str | None = None) -> Figure:
    """Draw the rows of the set `name` of `personas.tables.judges.calibration.calibration`.

    Without rows it says "no data". `note` is printed at the bottom. Write the figure with `style.save`.
    """
    of_set = table[table["set"] == name]
    rows = of_set[of_set["rater_b"].notna()]
    rows = rows.assign(quadratic_shown=rows["metric"].isin(LIKERT))
    together = rows[rows["model"] == ALL]
    lines = -(-max(len(together), 1) // COLUMNS)
    below = _LINE * max(len(rows), 2) + _EDGE
    with style.context():
        figure = sheet((WIDTH, lines * _MATRIX + below + 0.8), [READING, _unmatched_text(of_set), note])
        # Apart from each other: long names of the lower panel must not squeeze the matrices.
        top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[lines * _MATRIX, below])[:, 0]
        grid = top.add_gridspec(lines, COLUMNS)
        for place, (_, row) in enumerate(together.iterrows()):
            _matrix(top.add_subplot(grid[place // COLUMNS, place % COLUMNS]), row)
        _kappas(bottom.add_subplot(), _pairs_first(rows))
    return figure


def _pairs_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the row of all models before those of single ones."""
    keys = ["metric", "rater_a", "rater_b"]
    number = rows.groupby(keys, sort=False).ngroup()
    return rows.assign(pair=number, single=rows["model"] != ALL).sort_values(["pair", "single"], kind="stable")


def _unmatched_text(rows: pd.DataFrame) -> str | None:
    count = int(rows["n_unmatched"].max()) if len(rows) else 0
    return f"{count:,} labels are of texts that nobody here rated, or that read otherwise by now." if count else None


def _matrix(axes: Axes, row: pd.Series) -> None:
    counts = np.asarray(json.loads(row["confusion"]))
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    axes.imshow(shares, cmap=style.shades(), vmin=0, vmax=1, aspect="auto")
    names = [_word(row["metric"], value) for value in json.loads(row["values"])]
    for (i, j), count in np.ndenumerate(counts):
        colour = "white" if shares[i, j] >= _DARK else style.INK if count else style.FAINT
        axes.text(j, i, f"{count:,}", ha="center", va="center", color=colour, fontsize=style.SMALL)
    axes.set(xticks=range(len(names)), yticks=range(len(names)))
    axes.set_xticklabels(names)
    axes.set_yticklabels(names)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.set_title(f"{row['metric']} (n = {row['n']:,})", loc="left")
    axes.set_xlabel(row["rater_b"])
    axes.set_ylabel(row["rater_a"], labelpad=6)


def _word(metric: str, value: float) -> str:
    return _WORDS.get(metric, {}).get(value, f"{value:g}")


def _kappas(axes: Axes, rows: pd.DataFrame) -> None:
    if rows.empty:
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)
        axes.set(xticks=[], yticks=[])
        return
    names = list(_names(rows))
    for place, (_, row) in enumerate(rows.iterrows()):
        overall = row["model"] == ALL
        colour = style.INK if overall else style.LOOKS["goal-oriented"].colour
        _kappa(axes, row, place, colour)
    axes.axvline(0, color=style.FAINT, linewidth=0.7)
    axes.set(ylim=(len(names) - 0.4, -0.6), yticks=range(len(names)), xlabel="Cohen's kappa")
    for label, single in zip(axes.set_yticklabels(names), rows["single"], strict=True):
        label.set_fontweight("normal" if single else "bold")
    lowest = np.nanmin([0.0, *rows["kappa_low"], *rows["quadratic_low"], *rows["kappa"], *rows["quadratic"]])
    axes.set_xlim(min(-0.05, lowest - 0.05), 1.02)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    if rows["quadratic_shown"].any():
        _legend(axes)


def _legend(axes: Axes) -> None:
    from matplotlib.lines import Line2D

    shapes = {"plain": style.INK, "quadratic weights": "white"}
    handles = [
        Line2D([], [], marker="o", linestyle="", markerfacecolor=inside, markeredgecolor=style.INK, label=label)
        for label, inside in shapes.items()
    ]
    axes.legend(handles=handles, ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)


def _names(rows: pd.DataFrame) -> Iterator[str]:
    """Name the pair on the line of all models, and only the model on the lines below it."""
    several = rows["metric"].nunique() > 1
    for _, row in rows.iterrows():
        pair = f"{row['rater_a']} – {row['rater_b']}"
        yield row["model"] if row["single"] else f"{row['metric']}: {pair}" if several else pair


def _kappa(axes: Axes, row: pd.Series, place: int, colour: str) -> None:
    if np.isnan(row["kappa"]):
        words = _NO_KAPPA.get(row["undefined"], "no kappa")
        axes.text(0.01, place, f"{words} (n = {row['n']:,})", va="center", **style.SMALL_PRINT)
        return
    kinds = [("kappa", -0.14, colour), ("quadratic", 0.14, "white")][: 2 if row["quadratic_shown"] else 1]
    for name, shift, inside in kinds:
        at = place + (shift if row["quadratic_shown"] else 0)
        axes.hlines(at, row[f"{name}_low"], row[f"{name}_high"], color=colour, linewidth=1.0)
        axes.plot(row[name], at, "o", color=colour, markerfacecolor=inside, markersize=4.5, clip_on=False)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if table := context.one("calibration"):
        for name in table.spec["sets"]:
            stem = "judge-agreement" if name == JUDGES else f"judge-agreement-{name}"
            title = f"Agreement of raters: {name}"
            yield Instance(stem, {"table": table.outputs[:1]}, {"name": name}, title=title)


JUDGE_AGREEMENT = figure(
    "judge_agreement",
    draw,
    _instances,
    module=__name__,
    heading="Judges",
    caption="Judges, rules and people on the same texts: what each said, and how far they agree beyond chance. "
    "Whiskers are 95 % bootstrap intervals over dialogues, or over items where texts are not of this grid.",
)
