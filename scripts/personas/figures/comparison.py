"""Ours against theirs: each number at its place, and the differences in order: agreement at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from personas.figures.drawing import style
from personas.figures.drawing.panels import over_text
from personas.figures.drawing.sheet import WIDTH, sheet
from personas.figures.figure import figure
from personas.grid.grid import Grid
from personas.grid.published_numbers import factor, is_share
from personas.plan.declaration import Context, Instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 2.9  # inches, a row of two panels
NAMED = 3
"""So many of the greatest differences outside their intervals are named."""

_SIDES = {
    "published": ("published", "ours"),
    "released": ("released", "ours"),
    "results": ("the other run", "this run"),
}
_AXES = {"share": "share", "points": "difference (points)", "rating": "rating or trait level", "percent": "share (%)"}
_HOLLOW = {"markerfacecolor": "white"}
_READING = {
    True: "Left: a number on the line is the same on both sides. Right: ours minus theirs, in order; lines, of ours: "
    "{bands} Of one cell Wilson's. "
    "Red: the interval does not hold their number. Hollow: baseline; grey: no interval.",
    False: "Left: a point on the line is the same in both. Right: the paired difference, in order; lines: "
    "{bands} Red: the interval leaves out 0. Hollow: baseline; grey: no interval.",
}


def draw(table: pd.DataFrame, *, between: str, note: str | None = None) -> Figure:
    """Draw a table of `personas.tables.comparison.against`; `between` is what was compared, as in the config.

    One row of panels for each kind of number; without any it says "no data". `note` is printed at the bottom. Write
    the figure with `style.save`.
    """
    rows = table[(table["scope"] == "all") & table["difference"].notna()]
    groups = list(_groups(rows))
    with style.context():
        bands = over_text(rows.rename(columns={"interval": "over"}))
        paragraphs = [
            _READING[between in ("published", "released")].format(bands=bands),
            _left_out(table[table["scope"] == "all"]),
            note,
        ]
        figure = sheet((WIDTH, HEIGHT * max(1, len(groups)) + 1.0), paragraphs)
        panels = figure.subplots(max(1, len(groups)), 2, squeeze=False, width_ratios=(2, 3))
        for (unit, part), (left, right) in zip(groups, panels, strict=False):
            _places(left, part, unit, _sides(between, part))
            _differences(right, part)
        if not groups:
            _say_nothing(panels[0])
        _legend(figure, rows)
    return figure


def _sides(between: str, rows: pd.DataFrame) -> tuple[str, str]:
    """Return what theirs and ours are called; two models stand in their rows, the first minus the second."""
    if between in _SIDES:
        return _SIDES[between]
    first, _, second = str(rows["models"].iloc[0]).partition(" - ")
    return second, first


def _groups(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the numbers of one unit together; shares however they were printed, as percent."""
    shares = rows["unit"].map(is_share).astype(bool)
    scale = np.array([100 / factor(unit) if share else 1.0 for unit, share in zip(rows["unit"], shares, strict=True)])
    numbers = ["ours", "theirs", "difference", "low", "high"]
    scaled = rows.assign(**{name: rows[name] * scale for name in numbers}, unit=rows["unit"].mask(shares, "percent"))
    for unit in dict.fromkeys(scaled["unit"]):
        yield unit, scaled[scaled["unit"] == unit]


def _places(axes: Axes, rows: pd.DataFrame, unit: str, sides: tuple[str, str]) -> None:
    looks = style.looks(rows["condition"].dropna())
    both = np.concatenate([rows["theirs"], rows["ours"]])
    margin = 0.05 * (both.max() - both.min() or 1.0)
    ends = (both.min() - margin, both.max() + margin)
    axes.plot(ends, ends, color=style.FAINT, linewidth=0.7, zorder=1)
    for _, row in rows.iterrows():
        axes.plot(row["theirs"], row["ours"], **_mark(row, looks))
    axes.set(xlim=ends, ylim=ends, xlabel=f"{sides[0]}, {_AXES.get(unit, unit)}", ylabel=sides[1])
    axes.set_title(_AXES.get(unit, unit).capitalize(), loc="left")
    axes.set_box_aspect(1)
    axes.grid(visible=True, axis="both")


def _differences(axes: Axes, rows: pd.DataFrame) -> None:
    ordered = rows.sort_values("difference", ignore_index=True)
    looks = style.looks(rows["condition"].dropna())
    axes.axhline(0, color=style.FAINT, linewidth=0.7)
    for place, (_, row) in enumerate(ordered.iterrows()):
        mark = _mark(row, looks)
        line = mark["color"] if _outside(row) else style.lighter(mark["color"])
        axes.vlines(place, row["low"], row["high"], color=line, linewidth=0.8, zorder=mark["zorder"] - 2)
        axes.plot(place, row["difference"], **mark)
    axes.set(xticks=[], xlim=(-1, len(ordered)), ylabel="difference, ours - theirs")
    axes.set_title(_verdict(rows), loc="left", fontsize=style.TEXT)
    _name_the_farthest(axes, ordered)


def _outside(row: pd.Series) -> bool:
    return not pd.isna(row["inside"]) and not row["inside"]


def _mark(row: pd.Series, looks: dict[str, style.Look]) -> dict[str, Any]:
    """Return how one number is drawn: by condition, hollow for the baseline, red outside its interval."""
    look = looks.get(row["condition"], style.Look(style.INK, "o"))
    colour = style.OUTSIDE if _outside(row) else style.FAINT if pd.isna(row["inside"]) else look.colour
    size, above = (4.2, 5) if _outside(row) else (3.0, 4)
    shape = {"color": colour, "marker": look.marker, "markersize": size, "linestyle": "", "markeredgewidth": 0.6}
    return {**shape, "zorder": above, **(_HOLLOW if row["group"] == "baseline" else {})}


def _verdict(rows: pd.DataFrame) -> str:
    inside = rows["inside"].dropna()
    words = [f"{int(inside.sum()):,} of {len(inside):,} inside the interval"] if len(inside) else ["no intervals"]
    as_printed = rows["within_rounding"].dropna()
    return ", ".join([*words, *([f"{int(as_printed.sum()):,} equal as printed"] if len(as_printed) else [])])


def _name_the_farthest(axes: Axes, ordered: pd.DataFrame) -> None:
    """Number the greatest differences outside their intervals, and name them below the panel."""
    places = [place for place, (_, row) in enumerate(ordered.iterrows()) if _outside(row)]
    far = sorted(places, key=lambda place: -abs(ordered["difference"].iloc[place]))[:NAMED]
    for number, place in enumerate(far, start=1):
        near = sum(abs(place - other) < 0.03 * len(ordered) for other in far[: number - 1])
        axes.annotate(
            str(number),
            (place, np.nanmax(ordered[["difference", "high"]].iloc[place])),
            xytext=(0, 5 + 8 * near),  # one above the other where they would meet
            textcoords="offset points",
            ha="center",
            va="center",
            color=style.OUTSIDE,
            fontsize=style.SMALL,
            fontweight="bold",
            zorder=6,
        )
    labels = [f"{number}: {_name(ordered.iloc[place])}" for number, place in enumerate(far, start=1)]
    axes.set_xlabel("\n".join(labels), loc="left", **style.SMALL_PRINT)


def _name(row: pd.Series) -> str:
    of_models = "all models" if ";" in str(row["models"]) else row["models"]
    personas = "all personas" if ";" in str(row["personas"]) else row["personas"]
    parts = [row["measure"], row["contrast"], of_models, personas, row["group"], row["condition"]]
    words = [str(part) for part in parts if not pd.isna(part) and part != "run"]
    return ", ".join(words) + ("" if pd.isna(row["position"]) else f" at {row['position']}")


def _left_out(rows: pd.DataFrame) -> str | None:
    """Say how many numbers have no counterpart, and why, the commonest reasons first."""
    reasons = (
        rows.loc[rows["difference"].isna(), "reason"]
        .fillna("no value")
        .str.replace(":.*", "", regex=True)
        .value_counts()
    )
    counts = ", ".join(f"{reason} ({count:,})" for reason, count in reasons.items())
    return f"Not compared: {counts}." if len(reasons) else None


def _say_nothing(panels: np.ndarray) -> None:
    for axes in panels:
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=style.FAINT)


def _legend(figure: Figure, rows: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    looks = style.looks(rows["condition"].dropna())
    shapes = [(name, look.colour, look.marker) for name, look in looks.items()]
    shapes += [("conditions together", style.INK, "o")] if rows["condition"].isna().any() else []
    shapes += [("outside the interval", style.OUTSIDE, "o"), ("no interval", style.FAINT, "o")]
    handles = [Line2D([], [], label=n, color=c, marker=m, linestyle="", markersize=4.5) for n, c, m in shapes]
    figure.legend(handles=handles, ncols=len(handles), loc="outside upper center")


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    for slug, section in grid.study.config.comparison.items():
        if table := context.one("compared_numbers", f"comparison-{slug}"):
            title, parameters = f"Ours against theirs: {slug}", {"between": section.kind}
            yield Instance(f"comparison-{slug}", {"table": table.outputs[:1]}, parameters, title=title)


COMPARISON = figure(
    "comparison",
    draw,
    _instances,
    module=__name__,
    heading="Comparisons",
    caption="Ours against theirs: left each number at its place, right the differences in order. Red: the interval "
    "does not hold the other number. Lines are 95 % intervals; the figure says over what.",
)
