"""Paired differences over the dialogue: between conditions, from the first position on, over the baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from personas.config.root import Config
from personas.figures.drawing import style
from personas.figures.drawing.axes import x_axis
from personas.figures.drawing.measures import Measure, around, arrow_text, measures_of, ticks
from personas.figures.drawing.panels import (
    ROUNDS_BEFORE,
    Frame,
    Key,
    by_line,
    frame,
    keys_of,
    offsets_of,
    over_text,
    range_text,
)
from personas.figures.drawing.sheet import HEIGHTS, WIDTH, legend, places, plain_label, sheet
from personas.figures.figure import figure
from personas.figures.suites import Family, families, is_long, pairs, with_baseline
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance, Instances

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MANY = 25  # positions from which on markers would hide the line
WHAT = {
    "progression": "value − value at the first position",
    "baseline": "persona − baseline",
}
TITLES = {
    "condition": "Difference of conditions",
    "progression": "Change since the first position",
    "baseline": "Difference from the baseline",
}
READING = (
    "of the same model and persona. Lines: mean over these pairs. Bands: {bands} Thin lines: the same over items "
    "alone, for these very models and personas. No position is tested by itself: claims are the bars of what length, "
    "persona and condition cost. Grey: 95\N{NO-BREAK SPACE}% of the differences between replicates{unknown}."
)

NO_NOISE = " (not known: one replicate)"


def draw(
    table: pd.DataFrame,
    measures: Sequence[Mapping[str, Any]],
    *,
    contrast: str,
    benchmark: str | None = None,
    pair: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw one contrast of `tables/contrasts` for up to six measures of one family, a panel each.

    `measures`: rows of `tables/measures`. `contrast`: "condition:<a>-<b>" as `tables/contrasts` names it,
    "progression" or "baseline"; `benchmark`: that of all measures, if they have one; `pair` is how the two conditions
    are written on the figure. The zero line is drawn before everything else. A gap breaks the line; a panel without
    any value says "no data". Write the figure with `style.save`.

    Raises:
        ValueError: no measure, or more than six.
    """
    panel_measures = measures_of(measures)
    if not 1 <= len(panel_measures) <= 6:
        raise ValueError(f"found {len(panel_measures)} measures, expected 1 to 6")
    rows = _rows(table, [m.slug for m in panel_measures], contrast, pair)
    keys, at = keys_of(rows), sorted(rows["position"].unique())
    by_round = set(rows["axis"]) == {"round"}
    columns = 1 if by_round else min(len(panel_measures), 2)
    lines = -(-len(panel_measures) // columns)
    size = (WIDTH, 2.5 * lines + 1.6) if by_round else (WIDTH, HEIGHTS[lines])
    with style.context():
        figure = sheet(size, [_reading(rows, pair or WHAT[contrast]) + arrow_text(panel_measures), note])
        for axes, measure in zip(places(figure, len(panel_measures), columns), panel_measures, strict=True):
            _panel(axes, measure, rows[rows["measure"] == measure.slug], keys, at)
            axes.set_xlabel("round" if by_round else ROUNDS_BEFORE)
        figure.align_ylabels()
        title = TITLES[contrast.partition(":")[0]]
        legend(
            figure,
            keys,
            _condition if contrast == "baseline" else plain_label,
            f"{benchmark}: {title.lower()}" if benchmark else title,
        )
    return figure


def _condition(key: Key) -> str:
    return key.condition


def _rows(table: pd.DataFrame, slugs: Sequence[str], contrast: str, pair: str | None) -> pd.DataFrame:
    """Return the rows of a contrast, where what it compares stands in the column that it does not have."""
    rows = table[(table["contrast"] == contrast) & table["measure"].isin(slugs)]
    if pair is not None:
        return rows.assign(condition=pair)
    return rows.assign(group="persona") if contrast == "baseline" else rows


def _reading(rows: pd.DataFrame, what: str) -> str:
    unknown = "" if rows["noise"].notna().any() or rows.empty else NO_NOISE
    reading = READING.format(bands=over_text(rows), unknown=unknown)
    return f"Pairs: {what}, {reading}"


def _panel(axes: Axes, measure: Measure, points: pd.DataFrame, keys: Sequence[Key], at: Sequence[int]) -> None:
    # Before anything else, so that no figure is ever saved without it.
    axes.axhline(0, color=style.INK, linewidth=0.8, zorder=1.5, gid="zero")
    words = Frame(measure.heading, measure.unit_of_difference, "", measure.scale)
    if frame(axes, words, points, _counts(points)):
        _noise(axes, points)
        offsets = offsets_of(keys, at)
        for layer, key, rows in by_line(points, offsets, "position", "group"):
            _line(axes, rows, key, offsets, layer)
        low, high = around(*(points[c] for c in ("mean", "low", "high", "items_low", "items_high")))
        axes.set_ylim(low, high)
        ticks(axes.yaxis, measure.scale)
    x_axis(axes, _tick_positions(at))


def _line(axes: Axes, rows: pd.DataFrame, key: Key, offsets: Mapping[Key, float], layer: float) -> None:
    look = style.looks(k.condition for k in offsets)[key.condition]
    x = rows["position"] + offsets[key]
    looks = style.line_style(look, key.group) | ({"marker": ""} if len(rows) > MANY else {})
    axes.fill_between(x, rows["low"], rows["high"], color=look.colour, alpha=0.15, linewidth=0, zorder=2)
    for bound in ("items_low", "items_high"):
        thin = {**style.faint_style(look, key.group), "marker": ""}
        # An empty line counts as lying in the corner of the figure, and the layout would make room for it.
        if rows[bound].notna().any():
            axes.plot(x, rows[bound], zorder=2.4, gid="items", **thin)
    axes.plot(x, rows["mean"], zorder=layer, **looks)


def _noise(axes: Axes, points: pd.DataFrame) -> None:
    """Shade, around 0, the largest noise floor of the lines at each position."""
    floor = points.groupby("position")["noise"].max().dropna()
    if len(floor):
        # One position has no width, but must be seen.
        wide = floor.index.to_numpy(dtype=float) if len(floor) > 1 else floor.index[0] + np.array([-0.3, 0.3])
        high = np.broadcast_to(floor.to_numpy(), wide.shape)
        axes.fill_between(wide, -high, high, color=style.FAINT, alpha=0.16, linewidth=0, zorder=1.4, gid="noise")


def _tick_positions(at: Sequence[int]) -> list[int]:
    """Return the positions that get a tick: all, or of many about ten, the outer ones among them."""
    if len(at) <= MANY:
        return list(at)
    return [at[int(place)] for place in np.linspace(0, len(at) - 1, 11).round()]


def _counts(points: pd.DataFrame) -> Iterator[str]:
    """One line per group: pairs behind a point, and pairs that the grid has and whose one side has no value."""
    for group in ("persona", "baseline"):
        rows = points[points["group"] == group]
        if len(rows):
            pairs, missing = range_text(rows["n_pairs"], "pair"), int(rows["n_missing"].sum())
            lacking = f"; {missing:,} of {missing + int(rows['n_pairs'].sum()):,} missing" if missing else ""
            yield f"{group}: n = {pairs} a point{lacking}"


def _of(choose: Callable[[Config, Family], Iterator[tuple[str, str, str | None]]]) -> Instances:
    """Return the figures of contrasts: `choose` gives prefix of a name, contrast, and a pair in words."""

    def instances(grid: Grid, context: Context) -> Iterator[Instance]:
        table, config = context.one("contrasts"), grid.study.config
        for family in families(grid) if table else ():
            for prefix, contrast, pair in choose(config, family):
                measures = with_baseline(family.measures) if contrast == "baseline" else family.measures
                if table and measures:
                    parameters = {
                        "contrast": contrast,
                        "pair": pair,
                        "benchmark": family.benchmark,
                        "measures": measures,
                    }
                    title = f"{TITLES[contrast.partition(':')[0]]}{f' ({pair})' if pair else ''}: {family.title}"
                    yield Instance(f"{prefix}-{family.name}", {"table": table.outputs[:1]}, parameters, title=title)

    return instances


def _differences(config: Config, family: Family) -> Iterator[tuple[str, str, str | None]]:
    yield from ((f"difference-{prefix}", contrast, pair) for prefix, contrast, pair in pairs(config))


def _progression(config: Config, family: Family) -> Iterator[tuple[str, str, str | None]]:
    if is_long(config) or family.benchmark is None:
        yield "progression", "progression", None


def _over_baseline(config: Config, family: Family) -> Iterator[tuple[str, str, str | None]]:
    if config.personas.baseline:
        yield "over-baseline", "baseline", None


_BANDS = (
    "Bands are 95 % intervals, the figure says over what; thin lines: over items alone. Exploratory: not corrected."
)

DIFFERENCES = figure(
    "differences",
    draw,
    _of(_differences),
    module=__name__,
    heading="Differences",
    caption=f"One dialogue condition minus another, of the same model, persona and position. {_BANDS}",
)
PROGRESSION = figure(
    "progression",
    draw,
    _of(_progression),
    module=__name__,
    heading="Differences",
    caption=f"Change since the first position, of the same model, persona and condition. {_BANDS}",
)
OVER_BASELINE = figure(
    "over_baseline",
    draw,
    _of(_over_baseline),
    module=__name__,
    heading="Differences",
    caption=f"Persona minus baseline, of the same model, condition and position. {_BANDS}",
)
