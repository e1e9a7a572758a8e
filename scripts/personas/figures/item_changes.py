"""How many items change, and by how much: a histogram per contrast, condition and measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.grids import nothing, panels
from personas.figures.drawing.measures import arrow_text, measures_of, ticks
from personas.figures.drawing.panels import conditions_of
from personas.figures.drawing.sheet import WIDTH, sheet
from personas.figures.figure import figure
from personas.figures.suites import families, pairs
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WHAT = {"length": "last − first", "condition": "{condition}, last", "personalization": "persona − baseline, first"}
READING = (
    "Bars: items by their mean change over models and personas; items in the middle bar change by less than "
    "{half:.1f} percentage points. Dark line: no change; triangle: mean of the items. Rows: {rows}. First, last: "
    "checkpoints."
)


ROWS = {
    "length": "last minus first, in a condition",
    "condition": "one condition minus another, at the last",
    "personalization": "persona minus baseline, at the first, conditions together",
}
BINS = 21  # odd, so that the middle one is around 0
_PANEL, _AROUND = 1.55, 1.6  # inches: a row of panels; headings and small print


class Row(NamedTuple):
    """One row of panels: a contrast, the condition in it (None: none), and what is written beside it."""

    contrast: str
    condition: str | None
    name: str


def draw(
    table: pd.DataFrame,
    measures: Sequence[Mapping[str, Any]],
    *,
    benchmark: str,
    pairs: Mapping[str, str],
    note: str | None = None,
) -> Figure:
    """Draw `tables/changed-items` of one `benchmark`: a row per contrast and condition, a column per measure.

    `pairs` says how two conditions that are compared are written (`<a>-<b>` of the table -> words). Items without
    a value are left out and counted. All panels have the same x axis, from -100 to 100 percentage points. Write the
    figure with `style.save`.
    """
    panel_measures = measures_of(measures)
    of_measures = table[table["measure"].isin([m.slug for m in panel_measures])]
    rows = list(_rows(of_measures, pairs)) or [Row("length", None, "no data")]
    kinds = "; ".join(words for kind, words in ROWS.items() if kind in {row.contrast for row in rows})
    with style.context():
        reading = f"{benchmark}. {READING.format(half=100 / BINS, rows=kinds)}{arrow_text(panel_measures)}"
        figure = sheet((WIDTH, _PANEL * len(rows) + _AROUND), [reading, note])
        axes = panels(figure, [row.name for row in rows], [measure.heading for measure in panel_measures])
        for line, row in zip(axes, rows, strict=True):
            of_row = of_measures[
                (of_measures["contrast"] == row.contrast) & _is(of_measures["condition"], row.condition)
            ]
            for one, measure in zip(line, panel_measures, strict=True):
                _panel(one, of_row.loc[of_row["measure"] == measure.slug, "change"])
        for one in axes[-1]:
            one.set_xlabel("change (percentage points)")
    return figure


def _rows(changes: pd.DataFrame, pairs: Mapping[str, str]) -> Sequence[Row]:
    rows = []
    for kind, words in WHAT.items():
        of_kind = changes[changes["contrast"] == kind]
        for name in conditions_of(of_kind[of_kind["condition"].notna()]):
            difference = words.format(condition=pairs.get(name, name))
            rows.append(
                Row(kind, name, f"{difference}\n{name}" if kind == "length" else difference.replace(" − ", " −\n"))
            )
        if of_kind["condition"].isna().any():
            rows.append(Row(kind, None, words.replace(" − ", " −\n")))
    return rows


def _is(conditions: pd.Series, condition: str | None) -> pd.Series:
    return conditions.isna() if condition is None else (conditions == condition).fillna(False)


def _panel(axes: Axes, changes: pd.Series) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.axvline(0, color=style.INK, linewidth=0.8, zorder=2.5, gid="zero")
    values = changes.dropna().to_numpy(dtype=float)
    lacking = len(changes) - len(values)
    items = "item" if len(values) == 1 else "items"
    counts = f"n = {len(values):,} {items}" + (f"; {lacking:,} without a value" if lacking else "")
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "right"}
    axes.annotate(counts, (1, 1), xytext=(0, 1), va="bottom", **place, **style.SMALL_PRINT)
    axes.set_xlim(-1.05, 1.05)
    ticks(axes.xaxis, "share")
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    if not len(values):
        nothing(axes)
        return
    heights, edges = np.histogram(values, bins=BINS, range=(-1, 1))
    shade = style.lighter(style.LOOKS["goal-oriented"].colour, 0.35)
    axes.bar(edges[:-1], heights, width=np.diff(edges), align="edge", color=shade, edgecolor="white", linewidth=0.5)
    axes.plot(values.mean(), 0, marker="^", color=style.INK, markersize=4.5, clip_on=False, zorder=4)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    """What the items of xstest do, as each judge sees it, or the rules where there is none."""
    table, config = context.one("changed_items"), grid.study.config
    for family in families(grid) if table else ():
        if table and family.benchmark and config.kind_of(family.benchmark) == "xstest":
            shares = [m for m in family.measures if m["scale"] == "share"]
            by_judge = [m for m in shares if not m["measure"].endswith("-by-rules")] or shares
            pair_words = {contrast.partition(":")[2]: words for _, contrast, words in pairs(config)}
            parameters = {"measures": by_judge, "benchmark": family.benchmark, "pairs": pair_words}
            title = f"Items that changed: {family.title}"
            yield Instance(f"item-changes-{family.name}", {"table": table.outputs[:1]}, parameters, title=title)


ITEM_CHANGES = figure(
    "item_changes",
    draw,
    _instances,
    module=__name__,
    heading="Items that changed",
    caption="By how much items changed, on average over models and personas. No intervals are drawn.",
)
