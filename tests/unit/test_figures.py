import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from personas.figures.by_checkpoint import draw
from personas.figures.drawing import style
from personas.stats.panels import OVERVIEW
from personas.tables.series.by_checkpoint import SERIES_DTYPES
from tests.marks import mostly_thorough

T = TypeVar("T")
ROUNDS = (0, 11, 22, 34, 45, 56, 68, 79, 90, 102)
STUDY = ("persona-directed", "goal-oriented")
NOTE = "demo: 135M-parameter model, a handful of items: the numbers mean nothing"
SLUGS = tuple(panel.slug for panel in OVERVIEW)


def series(
    conditions: Sequence[str] = STUDY,
    checkpoints: Sequence[int] = ROUNDS,
    groups: Sequence[str] = ("persona", "baseline"),
    panels: Sequence[str] = SLUGS,
    cells: int = 56,
) -> pd.DataFrame:
    rows = []
    for panel, condition, group, checkpoint in itertools.product(panels, conditions, groups, checkpoints):
        scale = 300 if panel.endswith("words") else 1
        mean = scale * (0.9 - 0.006 * checkpoint) * (1 if group == "persona" else 0.5)
        low, high = (mean - 0.05 * scale, mean + 0.05 * scale) if cells > 1 else (np.nan, np.nan)
        rows.append(
            (panel, condition, group, checkpoint, mean, low, high, "personas", cells, 290 * cells, 294 * cells)
        )
    return pd.DataFrame(rows, columns=list(SERIES_DTYPES)).astype(SERIES_DTYPES)


def with_gap() -> pd.DataFrame:
    table = series()
    table.loc[table["checkpoint"] == 45, ["mean", "low", "high"]] = np.nan
    return table


CASES = {
    "the study's figure": (series(), None),
    "the demo": (series(STUDY[:1], (0, 2, 4), cells=1), NOTE),
    "one checkpoint": (series(checkpoints=(0,)), None),
    "no baseline": (series(groups=("persona",)), None),
    "only the baseline": (series(groups=("baseline",)), None),
    "two panels without data": (series(panels=SLUGS[:2]), None),
    "nothing at all": (series().iloc[:0], NOTE),
    "four conditions with long names": (series((*STUDY, "adversarial-and-quite-long", "small-talk")), NOTE),
    "a note of many words": (series(), "all work and no play " * 40),
    "a note of one wide word": (series(), "W" * 400),
    "dollar signs are no mathematics": (series(), "costs $5 and $_6"),
    "checkpoints close together": (series(checkpoints=(0, 1, 2, 50, 101, 102)), None),
    "a gap": (with_gap(), None),
    "large counts": (series(cells=12345), None),
}


def texts(figure: Figure) -> dict[tuple[int, str], Bbox]:
    """Bounding boxes in pixels of the text that is seen, by what it says and a running number."""
    figure.draw_without_rendering()
    unseen = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in outside(axis)}
    shown = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    shown = [text for text in shown if text not in unseen]
    return {(place, text.get_text()): text.get_window_extent() for place, text in enumerate(shown)}


def overlaps(boxes: Mapping[T, Bbox]) -> Iterator[tuple[T, T]]:
    """Pairs of texts one of which lies on the other by more than a pixel; all pairs at once, there are many."""
    names = list(boxes)
    edges = np.array([box.padded(-1).extents for box in boxes.values()]).reshape(-1, 4)
    low, high = np.minimum(edges[:, :2], edges[:, 2:]), np.maximum(edges[:, :2], edges[:, 2:])
    apart = (high[:, None] < low[None]).any(axis=-1)
    for one, other in zip(*np.nonzero(np.triu(~(apart | apart.T), 1)), strict=True):
        yield names[one], names[other]


def outside(axis: Axis) -> Iterator[Text]:
    """The labels of ticks beyond the ends of an axis, which exist and are not drawn."""
    low, high = axis.get_view_interval()
    yield from (tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high)


def lines(axes: Axes) -> list[Any]:
    return [line for line in axes.lines if np.size(line.get_xdata())]


@pytest.mark.parametrize("case", mostly_thorough(CASES, often=("the demo", "a gap")))
def test_no_text_is_cut_off_and_none_covers_another(case):
    table, note = CASES[case]
    with style.context():
        figure = draw(table, note=note)
        boxes = texts(figure)
        for text, box in boxes.items():
            assert box.x0 >= 0 and box.y0 >= 0, text
            assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
        assert not list(overlaps(boxes))


@pytest.mark.thorough
@pytest.mark.parametrize("case", ["the demo", "two panels without data"])
def test_the_same_table_gives_the_same_bytes(case, tmp_path):
    table, note = CASES[case]
    files = []
    for attempt in ("one", "two"):
        pdf, png = tmp_path / attempt / "figure.pdf", tmp_path / attempt / "figure.png"
        style.save(draw(table, note=note), pdf, png)
        files.append((pdf.read_bytes(), png.read_bytes()))
    assert files[0] == files[1]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["figure.pdf", "figure.png"]


SAVE = """
from tests.unit.test_figures import draw, series, style
from pathlib import Path
import sys
style.save(draw(series(), note="note"), Path(sys.argv[1], "f.pdf"), Path(sys.argv[1], "f.png"))
"""


@pytest.mark.thorough
def test_the_bytes_depend_neither_on_the_process_nor_on_the_users_settings(tmp_path):
    # Hash randomisation and a matplotlibrc are what differs between two people's runs.
    (tmp_path / "matplotlibrc").write_text("font.size: 20\npdf.fonttype: 3\nfigure.dpi: 33\nlines.marker: s\n")
    here, there, root = tmp_path / "here", tmp_path / "there", Path(__file__).parents[2]
    seed = "2" if os.environ.get("PYTHONHASHSEED") != "2" else "1"
    environment = os.environ | {
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": str(root / "scripts"),
        "MATPLOTLIBRC": str(tmp_path),
    }
    subprocess.run([sys.executable, "-c", SAVE, str(there)], env=environment, cwd=root, check=True)
    style.save(draw(series(), note="note"), here / "f.pdf", here / "f.png")
    for name in ("f.pdf", "f.png"):
        assert (here / name).read_bytes() == (there / name).read_bytes(), name


def test_the_pdf_is_vectors_with_embedded_truetype_and_no_date(tmp_path):
    with mpl.rc_context({"pdf.compression": 0}):
        style.save(draw(series(), note=None), tmp_path / "f.pdf", tmp_path / "f.png")
    content = (tmp_path / "f.pdf").read_bytes()
    assert b"/FontFile2" in content
    assert b"/Subtype /Type3" not in content
    assert b"/Subtype /Image" not in content
    assert b"CreationDate" not in content
    assert b"Matplotlib" not in content


def test_a_failed_write_keeps_the_old_file_and_leaves_no_litter(tmp_path, monkeypatch):
    pdf = tmp_path / "f.pdf"
    pdf.write_bytes(b"old")

    def full(descriptor):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        style.save(draw(series(), note=None), pdf, tmp_path / "f.png")
    assert pdf.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["f.pdf"]


def test_titles_point_where_better_is():
    titles = [axes.get_title(loc="left") for axes in draw(series(), note=None).axes]
    assert titles == [
        "IFBench accuracy ↑",
        "Refusal of unsafe prompts, rules (kappa\n0.83–0.94) ↑",
        "Refusal of safe prompts, rules (kappa\n0.83–0.94) ↓",
        "Answer length",
    ]


def test_a_gap_breaks_the_line_and_is_never_zero():
    for axes in draw(with_gap(), note=None).axes:
        for line in lines(axes):
            values = np.asarray(line.get_ydata(), dtype=float)
            assert np.isnan(values[ROUNDS.index(45)])
            assert (values[~np.isnan(values)] > 0).all()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_lines_at_the_ends_of_the_scale_and_equal_lines_stay_visible(level):
    table = series()
    table[["mean", "low", "high"]] = level
    axes = draw(table, note=None).axes[0]
    low, high = axes.get_ylim()
    assert low < 0 and high > 1
    starts = sorted(float(line.get_xdata()[0]) for line in lines(axes))
    assert len(set(starts)) == 4, "four series side by side"
    assert starts[-1] < min(float(line.get_xdata()[1]) for line in lines(axes)), "and each still at its checkpoint"


def test_the_rate_axis_is_the_same_whatever_the_values():
    small = series()
    small[["mean", "low", "high"]] /= 100
    for axes, other in zip(draw(series(), note=None).axes[:3], draw(small, note=None).axes[:3], strict=True):
        assert axes.get_ylim() == other.get_ylim()


def test_a_panel_without_data_says_so_and_the_others_do_not():
    table = series(panels=SLUGS[:2])
    said = [any(text.get_text() == "no data" for text in axes.texts) for axes in draw(table, note=None).axes]
    assert said == [False, False, True, True]


@pytest.mark.parametrize(
    ("table", "expected", "reason"),
    [
        (
            series(checkpoints=(0,), conditions=STUDY[:1], cells=1),
            "n = 1 cell a point; 290 of 294",
            "one cell",
        ),
        (
            series(checkpoints=(0,), conditions=STUDY[:1]),
            "n = 56 cells a point; 16,240 of 16,464",
            "many cells",
        ),
        (
            pd.concat([series(cells=1), series(cells=3)]),
            "n = 1–3 cells a point",
            "cells missing at some points",
        ),
    ],
)
def test_the_counts_are_on_the_figure(table, expected, reason):
    assert expected in draw(table, note=None).axes[0].texts[0].get_text(), reason


def test_persona_and_baseline_differ_without_colour():
    axes = draw(series(), note=None).axes[0]
    shapes = {
        (line.get_marker(), line.get_linestyle(), line.get_markerfacecolor() == "white") for line in lines(axes)
    }
    assert shapes == {("o", "-", False), ("o", "--", True), ("X", "-", False), ("X", "--", True)}
    assert len([band for band in axes.collections if isinstance(band, FillBetweenPolyCollection)]) == 4


def test_one_legend_for_all_panels():
    figure = draw(series(), note=None)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "persona-directed, persona",
        "persona-directed, baseline",
        "goal-oriented, persona",
        "goal-oriented, baseline",
    ]
    assert not any(axes.get_legend() for axes in figure.axes)


@pytest.mark.parametrize(
    ("conditions", "distinct", "reason"),
    [
        (STUDY, 2, "the study's two"),
        ((*STUDY, "a", "b"), 4, "new conditions get looks of their own"),
        (tuple("abcdefg"), 4, "more names than looks: they repeat instead of failing"),
    ],
)
def test_looks(conditions, distinct, reason):
    found = style.looks(conditions)
    assert list(found) == sorted(conditions)
    assert len(set(found.values())) == distinct, reason
    assert style.looks(reversed(conditions)) == found, "the order of the names has no influence"


def test_the_studys_conditions_keep_their_colours():
    found = style.looks(["zzz", *STUDY])
    assert (found["persona-directed"].colour, found["goal-oriented"].colour) == ("#E69F00", "#0072B2")


def test_drawing_leaves_matplotlibs_settings_alone():
    before = dict(mpl.rcParams)
    draw(series(), note=NOTE)
    assert dict(mpl.rcParams) == before
