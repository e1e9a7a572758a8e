"""Figures by benchmark, of utterances and of patterns: what they say, and that nothing covers anything."""

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from personas.figures import benchmark, by_checkpoint, utterances
from personas.figures.drawing import style
from personas.figures.tokens import occurrence as patterns
from personas.tables.series.patterns import PATTERN_DTYPES
from personas.tables.series.rounds import ROUND_DTYPES, segments
from tests.marks import mostly_thorough
from tests.panels import benchmark_panels
from tests.unit.test_figures import NOTE, ROUNDS, STUDY, lines, overlaps, series, texts

ALL = ("dataset", "zero", "previous")
BOTH = ("persona", "baseline")
LONG = (*STUDY, "adversarial-and-quite-long", "small-talk")


def of_benchmark(
    kind: str, table: pd.DataFrame | None = None, judge: str | None = "jay", note: str | None = NOTE
) -> Figure:
    panels = benchmark_panels(kind, kind, judge, ALL)
    table = series(panels=[panel.slug for panel in panels]) if table is None else table
    return benchmark.draw(table, panels, note=note)


def rounds(
    last: int = 102, checkpoints: Sequence[int] = ROUNDS, groups: Sequence[str] = BOTH, cells: int = 56
) -> pd.DataFrame:
    spans = [("none", at, at) for at in range(1, last + 1)]
    spans += [("segment", *span) for span in segments(checkpoints, last)]
    rows = []
    for metric, condition, group, span in itertools.product(utterances.METRICS, STUDY, groups, spans):
        mean = (4.8 if group == "persona" else 1.5) - 0.005 * span[2]
        low, high = (mean - 0.2, mean + 0.2) if cells > 1 else (np.nan, np.nan)
        n = 2 * cells * (span[2] - span[1] + 1)
        rows.append((metric, "jay", condition, group, *span, mean, low, high, "personas", cells, n - 1, n))
    return pd.DataFrame(rows, columns=list(ROUND_DTYPES)).astype(ROUND_DTYPES)


def hits(
    conditions: Sequence[str] = STUDY, checkpoints: Sequence[int] = ROUNDS, without: int = 3, rate: float = 0.1
) -> pd.DataFrame:
    rows = []
    for condition, group, speaker, at in itertools.product(conditions, BOTH, BOTH, checkpoints):
        mean = rate * (1 if group == speaker else 0.1)
        rows.append(
            (condition, group, speaker, at, mean, 0.9 * mean, 1.1 * mean, "models", 56 - without, without, 0, 1234)
        )
    return pd.DataFrame(rows, columns=list(PATTERN_DTYPES)).astype(PATTERN_DTYPES)


def without_values(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(mean=np.nan, low=np.nan, high=np.nan, n_cells=0)


def no_baseline_in_one_panel() -> pd.DataFrame:
    table = series(panels=[panel.slug for panel in benchmark_panels("general", "general", "jay", ALL)])
    own = table["panel"].str.contains("zero|previous")
    return table[~own | (table["group"] == "persona") & (table["checkpoint"] > 0)]


def judged_as(table: pd.DataFrame, judge: str = "jay", note: str | None = NOTE) -> Figure:
    return utterances.draw(table, judge=judge, note=note)


CASES: dict[str, Callable[[], Figure]] = {
    **{kind: partial(of_benchmark, kind) for kind in ("bfi", "xstest", "ifbench", "role-specific")},
    "one panel": lambda: of_benchmark("bfi", judge=None),
    "judged, without rows": lambda: of_benchmark("xstest", series(panels=["xstest-words"])),
    "no rows at all": lambda: of_benchmark("bfi", series().iloc[:0]),
    "a line missing in one panel": lambda: of_benchmark("general", no_baseline_in_one_panel()),
    "a line without values": lambda: of_benchmark("ifbench", only_persona_has_values()),
    "four conditions": lambda: of_benchmark("ifbench", series(LONG, panels=["ifbench-words"])),
    "one checkpoint": lambda: of_benchmark("ifbench", series(checkpoints=(0,), cells=1, panels=["ifbench-words"])),
    "utterances of the study": lambda: judged_as(rounds(), note=None),
    "utterances of the demo": lambda: judged_as(rounds(6, (0, 3, 6), cells=1)),
    "utterances, 100 rounds, one checkpoint": lambda: judged_as(rounds(100, (0,))),
    "utterances, no checkpoint": lambda: judged_as(rounds(5, ())),
    "utterances, one round": lambda: judged_as(rounds(1, (0,))),
    "utterances, no baseline": lambda: judged_as(rounds(groups=BOTH[:1])),
    "utterances, all unparsed": lambda: judged_as(without_values(rounds())),
    "utterances, nothing judged": lambda: judged_as(rounds().iloc[:0]),
    "utterances, another metric": lambda: judged_as(pd.concat([rounds(6), rounds(6).assign(metric="wit")])),
    "patterns of the study": lambda: patterns.draw(hits(), note=None),
    "patterns of the demo": lambda: patterns.draw(hits(STUDY[:1], (0, 3, 6), without=0), note=NOTE),
    "patterns, four conditions": lambda: patterns.draw(hits(LONG), note=NOTE),
    "patterns, one checkpoint": lambda: patterns.draw(hits(checkpoints=(0,)), note=NOTE),
    "patterns, no cell has any": lambda: patterns.draw(without_values(hits()), note=NOTE),
    "patterns, no rows": lambda: patterns.draw(hits().iloc[:0], note=NOTE),
    "patterns, tiny rates": lambda: patterns.draw(hits(rate=0.00012), note=NOTE),
    "patterns, all zero": lambda: patterns.draw(hits(rate=0.0), note=NOTE),
    "overview, a line missing in one panel": lambda: by_checkpoint.draw(
        pd.concat([series(panels=["words"]), series(panels=["refusal-safe"], groups=BOTH[:1])]), note=NOTE
    ),
}


def only_persona_has_values() -> pd.DataFrame:
    table = series(panels=["ifbench-words"])
    table.loc[table["group"] == "baseline", ["mean", "low", "high"]] = np.nan
    return table


@pytest.mark.parametrize(
    "case", mostly_thorough(CASES, often=("xstest", "utterances of the study", "patterns, tiny rates"))
)
def test_no_text_is_cut_off_none_covers_another_and_panels_have_room(case):
    with style.context(), warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib only warns of a layout that has no room for its panels
        figure = CASES[case]()
        boxes = texts(figure)
        for text, box in boxes.items():
            assert box.x0 >= 0 and box.y0 >= 0, text
            assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
        assert not list(overlaps(boxes))
        for axes in figure.axes:
            assert axes.get_window_extent().width > 0.35 * figure.bbox.width
            assert axes.get_window_extent().height > 1.0 * figure.dpi


@pytest.mark.thorough
@pytest.mark.parametrize("case", ["xstest", "utterances of the demo", "patterns of the demo"])
def test_the_same_table_gives_the_same_bytes(case, tmp_path):
    files = []
    for attempt in ("one", "two"):
        pdf, png = tmp_path / attempt / "figure.pdf", tmp_path / attempt / "figure.png"
        style.save(CASES[case](), pdf, png)
        files.append((pdf.read_bytes(), png.read_bytes()))
    assert files[0] == files[1]


def said(figure: Figure) -> str:
    return " ".join(" ".join(text.get_text() for text in figure.findobj(Text) if text.get_visible()).split())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: of_benchmark("xstest"), ["xstest", "n = 56 cells a point", "Arrow"]),
        (lambda: judged_as(rounds()), ["n = 56 cells a point", "of 22,848 answers rated", "Faint"]),
        (
            lambda: patterns.draw(hits(), note=NOTE),
            ["n = 53 cells a point, 1,234 patterns", "no pattern found: 3 cells"],
        ),
    ],
    ids=["benchmark", "utterances", "patterns"],
)
def test_figures_say_their_numbers_their_interval_and_the_note(make, words):
    text = said(make())
    for expected in (*words, "95 % intervals over", NOTE):
        assert expected in text


def test_what_is_not_there_is_not_said():
    assert "Arrow" not in said(of_benchmark("bfi")), "traits have no better direction"
    assert "Judge" not in said(of_benchmark("xstest", judge=None))
    assert "no pattern found" not in said(patterns.draw(hits(without=0)))


def no_data(figure: Figure) -> Iterator[bool]:
    for axes in figure.axes:
        yield any(text.get_text() == "no data" for text in axes.texts)


@pytest.mark.parametrize(
    ("make", "expected", "reason"),
    [
        (CASES["judged, without rows"], [True] * 4 + [False], "planned, but not there"),
        (lambda: of_benchmark("xstest", judge=None), [False] * 3, "no judge: its panels are left out"),
        (CASES["utterances, nothing judged"], [True] * 3, "the study's three metrics"),
        (CASES["utterances, all unparsed"], [True] * 3, "rows without values"),
        (lambda: judged_as(rounds(), judge="kay"), [True] * 3, "another judge's verdicts are not shown"),
        (CASES["patterns, no cell has any"], [True] * 2, "rows without values"),
        (CASES["patterns, all zero"], [False] * 2, "0 is a value"),
    ],
)
def test_a_panel_without_data_says_so(make, expected, reason):
    assert list(no_data(make())) == expected, reason


def test_utterances_show_each_round_faintly_and_segments_boldly():
    axes = judged_as(rounds()).axes[0]
    assert axes.get_ylim()[0] < 1 and axes.get_ylim()[1] > 5
    sizes = sorted(np.size(line.get_xdata()) for line in lines(axes))
    assert sizes == [10] * 4 + [102] * 4
    thick = {np.size(line.get_xdata()): line.get_linewidth() for line in lines(axes)}
    assert thick[102] < thick[10]


def test_a_round_without_value_is_a_gap():
    table = rounds(6, (0, 3, 6))
    table.loc[table["smoothing"].eq("none") & table["round"].eq(3), ["mean", "low", "high"]] = np.nan
    for line in lines(judged_as(table).axes[0]):
        values = np.asarray(line.get_ydata(), dtype=float)
        assert np.isnan(values).sum() == (len(values) == 6)


def test_tiny_rates_fill_their_axis():
    assert patterns.draw(hits(rate=0.00012)).axes[0].get_ylim()[1] < 0.0002


def test_both_pattern_panels_have_one_axis():
    table = hits()
    table.loc[table["pattern_group"] == "baseline", ["mean", "low", "high"]] /= 10
    one, other = patterns.draw(table).axes
    assert one.get_ylim() == other.get_ylim()


@pytest.mark.parametrize(
    ("panels", "message"),
    [
        ((), "found 0 panels"),
        (benchmark_panels("bfi", "bfi", "jay") + benchmark_panels("bfi", "bfi"), "found 7 panels"),
        (
            benchmark_panels("a", "ifbench")[:1] + benchmark_panels("b", "ifbench")[:1],
            "more than one benchmark: a, b",
        ),
        (
            benchmark_panels("a", "general", "jay")[:1] + benchmark_panels("a", "general", "kay")[:1],
            "more than one judge: jay, kay",
        ),
    ],
)
def test_refused(panels, message):
    with pytest.raises(ValueError, match=message):
        benchmark.draw(series(), panels)
