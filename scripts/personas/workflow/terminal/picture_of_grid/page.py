"""How a grid of tiles fits on a page: which side goes down, how many panels stand side by side, how large all is.

Plain arithmetic in inches (fonts in points); nothing here draws.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from personas.figures.drawing import style

WIDEST, TALLEST = 11.0, 14.0  # the page
NARROWEST = 5.6  # so that a legend has room over a single tile
EDGE = 0.15  # white around everything
HEADER = 1.5  # kept free for title and legend
HEADING = 0.3  # height of a panel's heading
BETWEEN = 0.16  # between panels, and between tiles and their labels
TILE = (0.56, 0.42)  # largest width and height
SLIMMEST = 2.0  # a tile's longer side, in shorter ones
APART = 0.5  # the baseline's distance from the personas, in tiles
LARGE_FONT, SMALL_FONT = style.TEXT - 0.5, 6.0
LINE = 1.15 / 72  # height of a line of text, in inches per point
SLOPE = math.sqrt(0.5)  # of a label at 45 degrees
LONGEST = (28, 36, 44)  # characters of a label: the first that keeps all labels of a side apart
TURNING_COSTS = 0.9  # models go down, unless turning the grid makes tiles clearly larger


class Side(NamedTuple):
    """One side of every panel: its slugs, what is printed of them, and where each one's tile begins (in tiles)."""

    slugs: tuple[str, ...]
    labels: tuple[str, ...]
    starts: tuple[float, ...]
    label: float  # inches of the widest label, per point of its font

    @property
    def extent(self) -> float:
        """Length in tiles, with the gap before the baseline."""
        return self.starts[-1] + 1


class Page(NamedTuple):
    """A way to place all panels; lengths in inches, fonts in points."""

    is_turned: bool  # personas go down, models across
    across: int  # panels side by side
    down: int
    tile: tuple[float, float]
    panel: tuple[float, float]  # the tiles of a panel, without heading and labels
    column: float  # from one panel's left edge to the next one's, without the space between
    left: float  # room for the labels of the rows
    bottom: float  # room for the labels of the columns
    fonts: tuple[float, float]  # of the columns' and the rows' labels
    rotation: int  # of the columns' labels, in degrees

    @property
    def width(self) -> float:
        """Width of the figure."""
        tiles = self.across * self.column + (self.across - 1) * BETWEEN
        return max(NARROWEST, 2 * EDGE + self.left + tiles)

    @property
    def body(self) -> float:
        """Height of everything under title and legend."""
        return self.down * (HEADING + self.panel[1]) + (self.down - 1) * BETWEEN + self.bottom + EDGE


def starts(slugs: Sequence[str], apart: str | None = None) -> tuple[float, ...]:
    """Where each tile begins, in tiles; `apart`, where it is last, stands off the others by a gap."""
    gap = APART if len(slugs) > 1 and slugs[-1] == apart else 0
    return tuple(place + (gap if slug == apart else 0) for place, slug in enumerate(slugs))


def shorten(slug: str, longest: int = LONGEST[0]) -> str:
    """The slug in at most `longest` characters: it loses its middle, as ends usually tell slugs apart."""
    if len(slug) <= longest:
        return slug
    head = longest // 2
    return f"{slug[:head]}…{slug[head + 1 - longest :]}"


def labels(slugs: Sequence[str]) -> tuple[str, ...]:
    """Short labels, all different: longer ones where they would be the same, and at last numbered ones."""
    for longest in LONGEST:
        short = tuple(shorten(slug, longest) for slug in slugs)
        if len(set(short)) == len(slugs):
            return short
    short = tuple(shorten(slug) for slug in slugs)
    counts: Counter[str] = Counter()
    return tuple(f"{name} ({_next(counts, name)})" if short.count(name) > 1 else name for name in short)


def _next(counts: Counter[str], name: str) -> int:
    counts[name] += 1
    return counts[name]


def fit(models: Side, personas: Side, panels: int, heading: float) -> Page:
    """The page with the largest tiles; models go down, and panels stand one under the other, where that is equal.

    `heading` is the width of the widest panel heading in inches.
    """
    ways = [(is_turned, across) for is_turned in (False, True) for across in range(1, panels + 1)]
    pages = [
        _page(*((personas, models) if is_turned else (models, personas)), is_turned, across, panels, heading)
        for is_turned, across in ways
    ]
    return max((page for page in pages if page.across == 1 or page.width <= WIDEST), key=_goodness)


def every(side: Side, tile: float, font: float, rotation: int = 90) -> list[int]:
    """Places of the labels that have room: all, or every second, third ... and always the last."""
    slope = SLOPE if rotation == 45 else 1.0
    step = max(1, math.ceil(font * LINE / (tile * slope))) if rotation else 1
    last = len(side.labels) - 1
    return [*range(0, last - step + 1, step), last]


def _goodness(page: Page) -> float:
    # Rounded, so that a hair's breadth does not decide; `max` keeps the first of equals.
    return round(min(page.tile) * (TURNING_COSTS if page.is_turned else 1), 3)


def _page(rows: Side, columns: Side, is_turned: bool, across: int, panels: int, heading: float) -> Page:
    down = math.ceil(panels / across)
    fonts, rotation = (LARGE_FONT, LARGE_FONT), 90
    # Smaller fonts leave more room for tiles, and large tiles let labels lie flat: the second pass settles it.
    for _ in range(2):
        left, bottom = _margins(rows, columns, fonts, rotation)
        wide = WIDEST - 2 * EDGE - left - (across - 1) * BETWEEN
        high = TALLEST - HEADER - EDGE - bottom - down * HEADING - (down - 1) * BETWEEN
        tile = _tile(wide / across / columns.extent, high / down / rows.extent)
        fonts = (_font(tile[0]), _font(tile[1]))
        rotation = _rotation(columns, tile[0], fonts[0])
    left, bottom = _margins(rows, columns, fonts, rotation)
    panel = (tile[0] * columns.extent, tile[1] * rows.extent)
    return Page(is_turned, across, down, tile, panel, max(panel[0], heading), left, bottom, fonts, rotation)


def _tile(width: float, height: float) -> tuple[float, float]:
    width, height = min(width, TILE[0]), min(height, TILE[1])
    return min(width, SLIMMEST * height), min(height, SLIMMEST * width)


def _font(tile: float) -> float:
    fitting = math.floor(10 * tile / LINE) / 10  # never rounded up: every label has its line
    return min(LARGE_FONT, max(SMALL_FONT, fitting))


def _rotation(columns: Side, tile: float, font: float) -> int:
    if columns.label * font + BETWEEN / 2 <= tile:
        return 0
    return 45 if tile * SLOPE >= font * LINE else 90


def _margins(rows: Side, columns: Side, fonts: tuple[float, float], rotation: int) -> tuple[float, float]:
    """Room left of the tiles and under them; a sloping label of the first column also reaches to the left."""
    length, line = columns.label * fonts[0], fonts[0] * LINE
    left = rows.label * fonts[1] + BETWEEN
    if rotation == 45:
        return max(left, length * SLOPE + BETWEEN), (length + line) * SLOPE + BETWEEN
    return left, (length if rotation else line) + BETWEEN
