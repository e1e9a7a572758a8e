import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from personas.figures.drawing import style
from personas.workflow.terminal.picture_of_grid import page
from personas.workflow.terminal.picture_of_grid.page import Page, Side, every, fit, labels, shorten, starts
from personas.workflow.terminal.picture_of_grid.picture import LOOKS, MARGIN, MARK, NUMBER, draw_picture
from tests.marks import mostly_thorough
from tests.unit.test_figures import overlaps

STAGES = ("dialogues", "responses", "judgements")
LONG = "a-model-whose-slug-goes-on-and-on-{}-until-nobody-can-read-it-any-more"
TITLE = "Grid: 3 of 4"


def grid(
    models: Sequence[str] | int = 2,
    personas: Sequence[str] | int = 3,
    stages: Sequence[str] = STAGES,
    **numbers: Any,
) -> pd.DataFrame:
    """A grid with a baseline; cells from nothing to complete, unless `numbers` say otherwise."""
    models = [f"model-{i}" for i in range(models)] if isinstance(models, int) else models
    names = [f"persona-{i}" for i in range(personas)] if isinstance(personas, int) else personas
    keys = list(itertools.product(stages, models, ["baseline", *names]))
    rows = pd.DataFrame(keys, columns=["stage", "model", "persona"])
    current = np.arange(len(rows)) % 5
    values = {"cells": 4, "current": current, "journaled": np.where(current < 4, 0.25, np.nan), "failed": 0}
    return rows.assign(**{**values, **numbers})


def row(cells: int = 4, current: int = 0, journaled: float = 0.0, failed: int = 0) -> pd.DataFrame:
    numbers = {"cells": cells, "current": current, "journaled": journaled, "failed": failed}
    return grid(["m"], [], STAGES[:1], **numbers)


def boxes(axes: Any, name: str) -> list[tuple[float, float, float, float]]:
    """Left, bottom, width and height of the rectangles of that name, as shares of a tile's inside."""
    [found] = [c for c in axes.collections if isinstance(c, PolyCollection) and c.get_gid() == name]
    inside = 1 - 2 * MARGIN
    corners = [np.asarray(path.vertices) for path in found.get_paths()]
    return [(*(c.min(axis=0) - MARGIN), *((c.max(axis=0) - c.min(axis=0)) / inside)) for c in corners]


def draw(counts: pd.DataFrame, title: str = TITLE) -> Figure:
    return draw_picture(counts, title=title)


def ticks(axes: Any, which: str) -> list[str]:
    found = axes.get_xticklabels() if which == "x" else axes.get_yticklabels()
    return [label.get_text() for label in found]


CASES = {
    "one model, one persona": (grid(1, 1), TITLE),
    "one model, nothing else": (grid(1, 0, STAGES[:1]), TITLE),
    "a small grid": (grid(1, 2, STAGES[:2]), TITLE),
    "a middle grid": (grid(7, 9), TITLE),
    "many models": (grid(40, 1), TITLE),
    "a large grid": (grid(12, 30), TITLE),
    "a huge grid": (grid(20, 99), TITLE),
    "more than labels have room for": (grid(3, 300), TITLE),
    "long slugs": (grid([LONG.format("x"), LONG.format("y")], [LONG.format(i) for i in range(12)]), TITLE),
    "wide slugs": (grid(["W" * 99] * 1, ["M" * 99]), TITLE),
    "a long title": (grid(1, 1), "all work and no play " * 40),
    "a title without spaces": (grid(1, 1), "W" * 300),
    "many stages": (grid(2, 3, [*STAGES, *"abcdef", "stage" * 30]), TITLE),
    "large counts": (grid(2, 3, cells=123_456), TITLE),
    "nothing at all": (grid().iloc[:0], "costs $5 and $_6"),
}


@pytest.mark.parametrize("case", mostly_thorough(CASES, often=("a middle grid", "long slugs")))
def test_no_text_is_cut_off_none_covers_another_and_the_page_is_kept(case):
    counts, title = CASES[case]
    with style.context():
        figure = draw(counts, title)
        figure.draw_without_rendering()
        wide, high = figure.get_size_inches()
        assert wide <= page.WIDEST + 1e-6 and high <= page.TALLEST + 1e-6
        shown = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        extents = {text: text.get_window_extent() for text in shown}
    for text, box in extents.items():
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
    for one, other in overlaps(extents):
        # Sloping neighbours share their boxes but not their lines; the next test looks at those.
        assert one.get_rotation() == other.get_rotation() == 45, (one, other)


@pytest.mark.parametrize("personas", [3, 12, 30])
def test_sloping_labels_are_a_line_apart(personas):
    figure = draw(grid(12, personas))
    figure.draw_without_rendering()
    axes = figure.axes[-1]
    sloping = axes.get_xticklabels()
    assert {label.get_rotation() for label in sloping} == {45}
    pixels = axes.transData.transform([(x, 0) for x in axes.get_xticks()])[:, 0]
    apart = np.diff(pixels).min() / figure.dpi * 72 * np.sqrt(0.5)
    assert apart >= sloping[0].get_fontsize()


@pytest.mark.parametrize(
    ("given", "expected", "reason"),
    [
        (STAGES, STAGES, "all three"),
        (STAGES[::-1], STAGES, "the pipeline's order, not the table's"),
        (("responses",), ("responses",), "one only"),
        (("zebra", "responses", "apples"), ("responses", "zebra", "apples"), "unknown ones after, as they come"),
    ],
)
def test_one_panel_a_stage(given, expected, reason):
    titles = [axes.get_title(loc="left") for axes in draw(grid(stages=given)).axes]
    assert [title.split(":")[0] for title in titles] == list(expected), reason


@pytest.mark.parametrize(
    ("numbers", "heading"),
    [
        ({"cells": 250, "current": 60}, "dialogues: 120 of 500 current"),
        ({"cells": 2500, "current": 2500}, "dialogues: 5,000 of 5,000 current"),
        ({"cells": 0, "current": 0}, "dialogues: not in the grid"),
    ],
)
def test_headings_count_the_cells(numbers, heading):
    counts = grid(1, 1, STAGES[:1], journaled=0.0, failed=0, **numbers)
    assert draw(counts).axes[0].get_title(loc="left") == heading


@pytest.mark.parametrize(
    ("counts", "filled", "hatched", "reason"),
    [
        (row(4, 1, 0.5), [(0, 0.25)], [(0.25, 0.375)], "half of the missing three quarters, above the fill"),
        (row(4, 0, 0.0), [], [], "nothing yet"),
        (row(4, 0, 1.0), [], [(0, 1)], "all in the journal, no file"),
        (row(4, 4, np.nan), [(0, 1)], [], "complete: no share of missing cells exists"),
        (row(4, 4, 0.7), [(0, 1)], [], "complete, whatever is said about the missing cells"),
        (row(400, 399, 0.0), [(0, 0.9975)], [], "almost complete"),
        (row(3, 1, 0.0), [(0, 1 / 3)], [], "a third"),
    ],
)
def test_heights_are_shares_of_the_cells(counts, filled, hatched, reason):
    [axes] = draw(counts).axes
    for name, expected in {"filled": filled, "hatched": hatched, "frame": [(0, 1)]}.items():
        found = [(bottom / (1 - 2 * MARGIN), height) for _, bottom, _, height in boxes(axes, name)]
        assert found == [pytest.approx(pair) for pair in expected], reason


def test_every_tile_shows_its_own_row():
    counts = grid(5, 6, STAGES[:2])
    figure = draw(counts)
    for axes, stage in zip(figure.axes, STAGES, strict=False):
        across, down = ticks(axes, "x"), ticks(figure.axes[0], "y")
        xs, ys = axes.get_xticks(), axes.get_yticks()
        if not any(across):
            across = ticks(figure.axes[-1], "x")
        found = {
            (down[int(np.argmin(abs(ys - y - 0.5)))], across[int(np.argmin(abs(xs - x - 0.5)))]): round(4 * height)
            for x, y, _, height in boxes(axes, "filled")
        }
        rows = counts[(counts["stage"] == stage) & (counts["current"] > 0)]
        keys = zip(rows["model"], rows["persona"], strict=True)
        assert found == dict(zip(keys, rows["current"], strict=True))


@pytest.mark.parametrize("how", ["no row", "no cells"])
def test_what_is_not_in_the_grid_stays_blank_and_what_is_empty_has_a_frame(how):
    counts = grid(2, 2, STAGES[:1], current=0, journaled=0.0)
    absent = (counts["model"] == "model-0") & (counts["persona"] == "persona-1")
    if how == "no row":
        counts = counts[~absent]
    else:
        counts.loc[absent, "cells"] = 0
    [axes] = draw(counts).axes
    found = sorted((round(x), round(y)) for x, y, _, _ in boxes(axes, "frame"))
    # The gap puts the baseline at 2.5; model-0 is the upper row.
    assert found == [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1)]
    assert not any(len(boxes(axes, name)) for name in ("filled", "hatched"))


def test_the_baseline_is_last_and_apart():
    axes = draw(grid(2, 3)).axes[-1]
    assert ticks(axes, "x") == ["persona-0", "persona-1", "persona-2", "baseline"]
    assert np.diff(axes.get_xticks()).tolist() == [1, 1, 1 + page.APART]


def test_a_turned_grid_has_the_baseline_as_its_lowest_row():
    axes = draw(grid(2, 99)).axes[0]
    assert ticks(axes, "y")[0] == "persona-0" and ticks(axes, "y")[-1] == "baseline"
    assert axes.get_yticks()[-1] == 0.5, "the bottom"
    assert axes.get_ylim()[1] == pytest.approx(100 + page.APART)
    assert ticks(axes, "x") == ["model-0", "model-1"]


@pytest.mark.parametrize(
    ("models", "personas", "turned", "reason"),
    [
        (1, 1, False, "room for all"),
        (7, 9, False, "room for all"),
        (12, 30, False, "wide, but fits"),
        (20, 100, True, "the page is taller than wide"),
        (100, 3, False, "already tall"),
    ],
)
def test_which_side_goes_down(models, personas, turned, reason):
    found = _fit(models, personas)
    assert found.is_turned is turned, reason
    assert min(found.tile) > 0
    assert found.width <= page.WIDEST and found.body + page.HEADER <= page.TALLEST + 1e-9


def _fit(models: int, personas: int, panels: int = 3) -> Page:
    sides = [Side(names, names, starts(names), 0.07) for names in (("m",) * models, ("p",) * personas)]
    return fit(sides[0], sides[1], panels, heading=2.3)


def test_tiles_shrink_with_the_grid_and_fonts_stay_legible():
    sizes = [min(_fit(n, 3 * n).tile) for n in (2, 10, 20, 40)]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] == page.TILE[1]
    assert all(font >= page.SMALL_FONT for n in (2, 10, 20, 80) for font in _fit(n, 3 * n).fonts)


@pytest.mark.parametrize(
    ("tile", "expected", "reason"),
    [
        (0.2, [0, 1, 2, 3, 4, 5, 6, 7], "room for all"),
        (0.09, [0, 2, 4, 7], "every second, none next to the last"),
        (0.01, [7], "the last at least"),
    ],
)
def test_labels_thin_out(tile, expected, reason):
    names = tuple("abcdefgh")
    assert every(Side(names, names, starts(names), 0.05), tile, page.SMALL_FONT) == expected, reason


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("short", "short"),
        ("a" * 28, "a" * 28),
        ("a" * 20 + "b" * 20, "a" * 14 + "…" + "b" * 13),
    ],
)
def test_long_slugs_lose_their_middle(slug, expected):
    assert shorten(slug) == expected


@pytest.mark.parametrize(
    ("slugs", "expected", "reason"),
    [
        (("one", "two"), ("one", "two"), "short"),
        (
            ("a" * 15 + "x" + "b" * 20, "a" * 15 + "y" + "b" * 20),
            ("a" * 15 + "x" + "b" * 20, "a" * 15 + "y" + "b" * 20),
            "a few more characters tell them apart",
        ),
        (
            ("a" * 50 + "x" + "b" * 50, "a" * 50 + "y" + "b" * 50, "c"),
            (f"{'a' * 14}…{'b' * 13} (1)", f"{'a' * 14}…{'b' * 13} (2)", "c"),
            "they differ only far inside: numbered",
        ),
    ],
)
def test_labels_of_different_slugs_differ(slugs, expected, reason):
    assert labels(slugs) == expected, reason


def test_all_complete():
    for axes in draw(grid(3, 4, current=4, journaled=np.nan)).axes:
        assert len(boxes(axes, "filled")) == len(boxes(axes, "frame")) == 15
        assert not boxes(axes, "hatched")


def test_none_complete():
    for axes in draw(grid(3, 4, current=0, journaled=0.0)).axes:
        assert len(boxes(axes, "frame")) == 15
        assert not boxes(axes, "filled") and not boxes(axes, "hatched")


def marks(axes: Any) -> tuple[np.ndarray, float]:
    """Places of the marks in tiles, one (x, y) a row, and their size in points."""
    [line] = [line for line in axes.lines if line.get_gid() == "failed"]
    return np.transpose(line.get_data()), line.get_markersize()


def test_a_mark_stands_inside_each_tile_with_failures():
    counts = grid(2, 2, STAGES[:1], current=1)
    counts["failed"] = [0, 3, 0, 0, 0, 1]
    places, _ = marks(draw(counts).axes[0])
    assert np.floor(places).tolist() == [[0, 1], [1, 0]], "persona-0 of the upper model, persona-1 of the lower one"


@pytest.mark.parametrize("counts", [grid(2, 3, cells=c, current=0, failed=1) for c in (4, 40, 400)])
def test_marks_and_numbers_leave_each_other_alone(counts):
    figure = draw(counts)
    figure.draw_without_rendering()
    for axes in figure.axes:
        numbers = axes.texts
        assert len(numbers) == len(boxes(axes, "frame"))
        places, size = marks(axes)
        half = size / 2 / 72 * figure.dpi
        for text, mark in zip(numbers, axes.transData.transform(places), strict=True):
            patch = text.get_bbox_patch()
            assert patch is not None
            box = patch.get_window_extent()
            assert box.y1 <= mark[1] - half or box.x1 <= mark[0] - half


@pytest.mark.parametrize(
    ("counts", "shown", "reason"),
    [
        (grid(7, 9), "3/4", "large tiles"),
        (grid(12, 30), None, "small tiles"),
        (grid(2, 3, cells=1_000_000), None, "numbers wider than a tile"),
    ],
)
def test_numbers_only_where_they_are_readable(counts, shown, reason):
    found = {text.get_text() for axes in draw(counts).axes for text in axes.texts}
    assert (shown in found) if shown else not found, reason


def test_states_differ_without_colour():
    colours = [value for look in [*LOOKS.values(), MARK, NUMBER] for key, value in look.items() if "color" in key]
    for red, green, blue in (to_rgb(colour) for colour in colours if colour != "none"):
        assert red == green == blue
    assert [("hatch" in look, look["facecolor"]) for look in LOOKS.values()] == [
        (False, style.FAINT),
        (True, "white"),
        (False, "none"),
    ]


def test_one_legend_names_every_state():
    figure = draw(grid(12, 30))
    [legend] = figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    for word, text in zip(("current", "journal", "to be made", "failed", "blank"), said, strict=True):
        assert word in text
    figure.draw_without_rendering()
    assert legend.get_window_extent().y0 > max(box.y1 for axes in figure.axes if (box := axes.get_tightbbox()))


def test_few_artists_however_large_the_grid():
    for axes in draw(grid(20, 99)).axes:
        assert len(axes.collections) == 3 and len(axes.lines) == 1 and not axes.texts


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (row(4, 5), "current is out of range in .*'m'"),
        (row(4, -1), "current is out of range"),
        (row(4, 3, failed=2), "failed is out of range"),
        (row(4, 3, 1.1), "journaled is out of range"),
        (pd.concat([row(), row()]), "two rows for .*'baseline'"),
    ],
)
def test_what_would_be_drawn_wrongly_is_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        draw(counts)


SAVE = """
from tests.unit.test_picture import draw, grid, style
from pathlib import Path
import sys
style.save(draw(grid(3, 5)), Path(sys.argv[1], "f.pdf"), Path(sys.argv[1], "f.png"))
"""


@pytest.mark.thorough
def test_the_same_table_gives_the_same_bytes_in_every_process(tmp_path):
    root = Path(__file__).parents[2]
    style.save(draw(grid(3, 5)), tmp_path / "0" / "f.pdf", tmp_path / "0" / "f.png")
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(root / "scripts")}
    subprocess.run([sys.executable, "-c", SAVE, str(tmp_path / "1")], env=environment, cwd=root, check=True)
    for name in ("f.pdf", "f.png"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes(), name


def test_drawing_leaves_matplotlibs_settings_and_the_table_alone():
    before, counts = dict(mpl.rcParams), grid()
    copy = counts.copy()
    draw(counts)
    assert dict(mpl.rcParams) == before
    pd.testing.assert_frame_equal(counts, copy)
