"""One picture of the grid: models x personas, one panel per stage, a tile filled as far as its cells are current."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from personas.figures.drawing import style
from personas.workflow.terminal.picture_of_grid.header import header
from personas.workflow.terminal.picture_of_grid.page import (
    BETWEEN,
    EDGE,
    HEADING,
    NARROWEST,
    Page,
    Side,
    every,
    fit,
    labels,
    shorten,
    starts,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

STAGES = ("dialogues", "responses", "judgements")
BASELINE = "baseline"
KEY = ["stage", "model", "persona"]


def draw_picture(counts: pd.DataFrame, *, title: str) -> Figure:
    """Draw how much of the grid there is, readable without colour; write it with `style.save`.

    Args:
        counts: One row per (`stage`, `model`, `persona`), in the order in which slugs are to appear, with the
            numbers `cells`, `current` (of them), `journaled` (0 to 1: share of the missing cells' requests that
            have an answer in the journal) and `failed` (missing cells that failed last time). A combination
            without a row or with 0 cells is not in the grid and stays blank; without missing cells, `journaled`
            may be NaN.
        title: Printed above, wrapped to at most three lines.

    Returns:
        A figure of at most 11 x 14 inches that belongs to no pyplot window.

    Raises:
        ValueError: a combination has two rows, or a number is outside its range.
    """
    from matplotlib.figure import Figure

    _check(counts)
    with style.context():
        figure = Figure(figsize=(NARROWEST, 1))
        if counts.empty:
            header(figure, title, [], body=EDGE + HEADING)
            figure.text(0.5, 0.3, "nothing in the grid", ha="center", color=style.FAINT)
            return figure
        _draw(figure, counts, title)
    return figure


def _check(counts: pd.DataFrame) -> None:
    """Refuse what would be drawn wrongly."""
    if counts.duplicated(KEY).any():
        raise ValueError(f"two rows for {counts.loc[counts.duplicated(KEY), KEY].iloc[0].to_dict()}")
    missing = counts["cells"] - counts["current"]
    limits = {"current": counts["cells"], "failed": missing, "journaled": 1}
    for column, limit in limits.items():
        wrong = (counts[column] < 0) | (counts[column] > limit)
        if wrong.any():
            raise ValueError(f"{column} is out of range in {counts.loc[wrong].iloc[0].to_dict()}")


def _draw(figure: Figure, counts: pd.DataFrame, title: str) -> None:
    stages = _order(counts["stage"], first=STAGES)
    models = _side(figure, _order(counts["model"]))
    personas = _side(figure, _order(counts["persona"], last=BASELINE), apart=BASELINE)
    headings = [_heading(stage, counts[counts["stage"] == stage]) for stage in stages]
    page = fit(models, personas, len(stages), _width(figure, headings, size=style.TEXT, weight="bold"))
    figure.set_size_inches(page.width, 1)
    tiles = _tiles(counts[counts["cells"] > 0], models, personas, page)
    numbers = _numbers_fit(figure, tiles, page)
    header(figure, title, _handles(numbers), page.body)
    sides = (models, personas) if page.is_turned else (personas, models)
    for place, (stage, heading) in enumerate(zip(stages, headings, strict=True)):
        axes = _axes(figure, page, place)
        axes.set_title(heading, loc="left", fontsize=style.TEXT, pad=4)
        _labels(axes, page, sides, place, len(stages))
        _panel(axes, tiles[tiles["stage"] == stage], page, numbers)


def _order(names: Iterable[str], first: Sequence[str] = (), last: str | None = None) -> tuple[str, ...]:
    """The distinct names: `first` in its order, then by appearance, then `last`."""
    distinct = list(dict.fromkeys(names))
    start = [name for name in first if name in distinct]
    end = [name for name in distinct if name == last]
    return (*start, *(name for name in distinct if name not in {*start, *end}), *end)


def _side(figure: Figure, slugs: tuple[str, ...], apart: str | None = None) -> Side:
    printed = labels(slugs)
    return Side(slugs, printed, starts(slugs, apart), _width(figure, printed, size=10) / 10)


def _heading(stage: str, rows: pd.DataFrame) -> str:
    current, cells = rows["current"].sum(), rows["cells"].sum()
    count = f"{current:,} of {cells:,} current" if cells else "not in the grid"
    return f"{shorten(stage)}: {count}"


def _width(figure: Figure, lines: Iterable[str], **font: Any) -> float:
    """Inches of the widest line; a little more than measured, as hinted text does not scale exactly."""
    text = figure.text(0, 0, "\n".join(lines), parse_math=False, **font)
    width = text.get_window_extent().width / figure.dpi
    text.remove()
    return 1.03 * width


def _tiles(rows: pd.DataFrame, models: Side, personas: Side, page: Page) -> pd.DataFrame:
    """One row per tile: lower left corner `x`, `y` in tiles; `filled` and `hatched` as shares of its height."""
    along = rows["model"].map(dict(zip(models.slugs, models.starts, strict=True))).astype(float)
    beside = rows["persona"].map(dict(zip(personas.slugs, personas.starts, strict=True))).astype(float)
    x, down, extent = (along, beside, personas.extent) if page.is_turned else (beside, along, models.extent)
    filled = rows["current"] / rows["cells"]
    hatched = (1 - filled) * rows["journaled"].fillna(0)
    number = [f"{current}/{cells}" for current, cells in zip(rows["current"], rows["cells"], strict=True)]
    # The first row is the uppermost, while y grows upwards: a fill rises from the bottom of its tile.
    return rows.assign(x=x, y=extent - 1 - down, filled=filled, hatched=hatched, number=number)


def _numbers_fit(figure: Figure, tiles: pd.DataFrame, page: Page) -> bool:
    wide, high = page.tile
    return high >= ROOM[1] and _width(figure, tiles["number"], size=style.SMALL) + ROOM[0] <= wide


def _axes(figure: Figure, page: Page, place: int) -> Axes:
    """The axes of one panel, in reading order, one unit a tile."""
    row, column = divmod(place, page.across)
    wide, high = page.panel
    left = EDGE + page.left + column * (page.column + BETWEEN)
    bottom = page.body - (row + 1) * (HEADING + high) - row * BETWEEN
    size = figure.get_size_inches()
    axes = figure.add_axes((left / size[0], bottom / size[1], wide / size[0], high / size[1]))
    axes.set(xlim=(0, wide / page.tile[0]), ylim=(0, high / page.tile[1]), facecolor="none")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return axes


def _labels(axes: Axes, page: Page, sides: tuple[Side, Side], place: int, panels: int) -> None:
    """Slugs at the outer panels only: all panels share their rows and columns."""
    across, down = sides
    indices = every(across, page.tile[0], page.fonts[0], page.rotation)
    names = [across.labels[i] for i in indices] if place + page.across >= panels else []
    axes.set_xticks([across.starts[i] + 0.5 for i in indices], names or [""] * len(indices))
    sloping: dict[str, Any] = {"ha": "right", "va": "center", "rotation_mode": "anchor"} if page.rotation else {}
    for label in axes.get_xticklabels():
        label.set(rotation=page.rotation, fontsize=page.fonts[0], **sloping)
    indices = every(down, page.tile[1], page.fonts[1])
    names = [down.labels[i] for i in indices] if place % page.across == 0 else []
    axes.set_yticks([down.extent - 0.5 - down.starts[i] for i in indices], names or [""] * len(indices))
    axes.tick_params(axis="y", labelsize=page.fonts[1])
    axes.tick_params(length=0, pad=4)


def _panel(axes: Axes, tiles: pd.DataFrame, page: Page, numbers: bool) -> None:
    height = 72 * min(page.tile)
    thin = min(0.7, 0.05 * height)
    base, full = np.zeros(len(tiles)), np.ones(len(tiles))
    filled, hatched = tiles["filled"].to_numpy(), tiles["hatched"].to_numpy()
    looks = [("hatched", filled, hatched), ("filled", base, filled), ("frame", base, full)]
    for name, low, share in looks:
        axes.add_collection(_boxes(name, tiles, low, share, thin), autolim=False)
    _marks(axes, tiles[tiles["failed"] > 0], page, size=min(5.5, max(3.0, 0.5 * height)))
    if numbers:
        for x, y, number in zip(tiles["x"], tiles["y"], tiles["number"], strict=True):
            axes.text(x + 0.5, y + 0.5, number, **NUMBER)


def _boxes(name: str, tiles: pd.DataFrame, low: np.ndarray, share: np.ndarray, thin: float) -> PolyCollection:
    """Rectangles inside the tiles, from `low` and `share` high (both in 0..1 of the inside); empty ones left out."""
    from matplotlib.collections import PolyCollection

    inside = 1 - 2 * MARGIN
    left = tiles["x"].to_numpy() + MARGIN
    bottom = tiles["y"].to_numpy() + MARGIN + inside * low
    right, top = left + inside, bottom + inside * share
    corners = np.stack([[left, left, right, right], [bottom, top, top, bottom]]).transpose(2, 1, 0)
    # A gid is how tests and readers of an SVG find the collection.
    return PolyCollection(list(corners[share > 0]), gid=name, linewidth=thin, **LOOKS[name])


def _marks(axes: Axes, tiles: pd.DataFrame, page: Page, size: float) -> None:
    """A mark in the upper right corner of the tiles: there, what is missing stands."""
    inset = [max(MARGIN + (0.5 * size + 1.5) / 72 / length, 0.0) for length in page.tile]
    x, y = (1 - min(0.5, part) for part in inset)
    axes.plot(tiles["x"] + x, tiles["y"] + y, gid="failed", markersize=size, **MARK)


def _handles(numbers: bool) -> list[Patch | Line2D]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    current = "current (height: share of the cells" + ("; 3/4: 3 of 4 cells)" if numbers else ")")
    return [
        Patch(**LOOKS["filled"], label=current),
        Patch(**LOOKS["hatched"], label="in the journal, not yet in a file"),
        Patch(**LOOKS["frame"], linewidth=0.7, label="to be made"),
        Line2D([], [], **MARK, label="some failed last time"),
        Patch(facecolor="none", edgecolor="none", label="blank: not in the grid"),
    ]


# What style.py has no name for: greys of its own, told apart by fill and hatch.
MARGIN = 0.07  # between a tile's edge and what is drawn in it, in tiles
ROOM = (0.14, 0.38)  # inches: beside a number, and the least height of a tile with a number and a mark
LOOKS: dict[str, dict[str, Any]] = {
    "filled": {"facecolor": style.FAINT, "edgecolor": "none"},
    "hatched": {"facecolor": "white", "edgecolor": style.FAINT, "hatch": "//////"},
    "frame": {"facecolor": "none", "edgecolor": style.FAINT},
}
MARK: dict[str, Any] = {
    "linestyle": "none",
    "marker": "X",
    "markerfacecolor": style.INK,
    "markeredgecolor": "white",  # keeps the mark off what it stands on
    "markeredgewidth": 0.6,
    "zorder": 3,
}
NUMBER: dict[str, Any] = {
    "ha": "center",
    "va": "center",
    "fontsize": style.SMALL,
    "color": style.INK,
    "parse_math": False,
    "bbox": {"facecolor": "white", "edgecolor": "none", "boxstyle": "round,pad=0.15"},
}
