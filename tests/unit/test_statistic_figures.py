from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from personas.figures import bars, calibration, coefficients, contrasts, item_changes, lengths
from personas.figures.drawing import grids, style
from personas.figures.drawing.measures import around, in_few_lines, in_lines
from personas.figures.tokens import heat_map as heat_maps
from personas.figures.tokens import lines as pattern_lines
from personas.figures.tokens import numbers as pattern_numbers
from personas.tables.judges.calibration import calibration as calibration_of
from tests import figures_at_size as at_size
from tests.figures_at_size import CONDITION, DEMO, MAIN, PAIR, SHARES, STUDY, UTTERANCES, XSTEST
from tests.marks import mostly_thorough
from tests.unit.test_figures import overlaps, texts

NOTE = "demo: the numbers mean nothing"
FIGURES = {
    f"{name}, {figure}": drawn for name, size in at_size.SIZES.items() for figure, drawn in at_size.figures(size)
}
ALIKE = ("bars-personalization", "coefficients-personalization", "by-model", "tokens-by-model", "patterns-by-persona")
LAID_OUT = {name: drawn for name, drawn in FIGURES.items() if name not in [f"study, {one}" for one in ALIKE]}
WIDE = replace(
    DEMO,
    models=("Another-Model-With-A-Wide-Name-And-Some-1234B-Parameters", "a-model-whose-slug-goes-on-and-on-for-ever"),
    conditions=("persona-directed", "goal-oriented", "adversarial-and-quite-long", "small-talk"),
)
ODD: dict[str, Callable[[], Figure]] = {
    "contrasts, long names": lambda: progression(WIDE),
    "contrasts, nothing": lambda: contrasts.draw(progression_table(DEMO).iloc[:0], XSTEST, contrast="progression"),
    "bars, long names": lambda: bars.draw(
        at_size.by_model(WIDE, "length"), WIDE.measures, contrast="length", models=WIDE.models
    ),
    "bars, nothing": lambda: bars.draw(
        at_size.by_model(DEMO, "length").iloc[:0], DEMO.measures, contrast="length", models=DEMO.models
    ),
    "heat map, nothing": lambda: heat_maps.draw(at_size.patterns(DEMO).iloc[:0], models=DEMO.models),
    "heat map, four conditions": lambda: heat_maps.draw(at_size.patterns(WIDE), models=WIDE.models),
    "pattern lines, four conditions": lambda: pattern_lines.draw(
        at_size.patterns(WIDE), by="model", rows=WIDE.models
    ),
    "pattern lines, nothing": lambda: pattern_lines.draw(
        at_size.patterns(DEMO).iloc[:0], by="model", rows=DEMO.models
    ),
    "pattern numbers, nothing": lambda: pattern_numbers.draw(
        at_size.mined(DEMO).iloc[:0], pattern_group="persona", models=DEMO.models
    ),
    "grid, nothing": lambda: grids.draw(at_size.means(DEMO).iloc[:0], DEMO.measures, by="model", rows=DEMO.models),
    "item changes, nothing": lambda: item_changes.draw(
        at_size.changed_items(DEMO).iloc[:0], SHARES[:2], benchmark="xstest", pairs={}
    ),
    "tokens, nothing": lambda: lengths.draw(at_size.tokens(DEMO).iloc[:0], by="model", units=DEMO.models),
}


_KEPT: dict[str, Figure] = {}


def kept(name: str) -> Figure:
    """Return one of `FIGURES` as it is drawn, for all who only look at it; who lays it out takes it away."""
    if name not in _KEPT:
        _KEPT[name] = FIGURES[name]()
    return _KEPT[name]


def progression_table(size: at_size.Size) -> pd.DataFrame:
    return at_size.contrast_table(size, XSTEST, "progression")


def progression(size: at_size.Size, note: str | None = None) -> Figure:
    return contrasts.draw(progression_table(size), XSTEST, contrast="progression", note=note)


def said(figure: Figure) -> str:
    # Lines are broken to fit: words count, not where a line ends.
    return " ".join(" ".join(text.get_text().split()) for text in figure.findobj(Text))


def bars_of(axes: Axes) -> list[Rectangle]:
    return [bar for bar in axes.patches if isinstance(bar, Rectangle)]


def named(axes: Axes, gid: str) -> list[Any]:
    return [artist for artist in axes.get_children() if artist.get_gid() == gid]


def drawn_lines(axes: Axes) -> Iterator[Any]:
    """The lines of means: neither zero lines nor bounds nor marks."""
    yield from (line for line in axes.lines if line.get_gid() is None and np.size(line.get_xdata()) > 1)


DIFFERENCES = [
    "contrast-condition-xstest",
    "contrast-progression-xstest",
    "contrast-baseline-xstest",
    "bars-length",
    "bars-personalization",
    "bars-condition",
    "coefficients-length",
    "coefficients-personalization",
    "item-changes",
]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_figure_of_differences_has_its_zero_line_when_it_is_returned(name):
    for axes in kept(f"study, {name}").axes:
        [line] = named(axes, "zero")
        across = name.startswith("contrast")
        assert set(line.get_ydata() if across else line.get_xdata()) == {0}
        assert axes.lines[0] is line, "before anything else"
        low, high = axes.get_ylim() if across else axes.get_xlim()
        assert low < 0 < high, "and inside the panel"


def test_a_gap_breaks_the_line_and_is_never_zero():
    table = progression_table(STUDY)
    table.loc[table["position"] == 45, ["mean", "low", "high", "items_low", "items_high"]] = np.nan
    for axes in contrasts.draw(table, XSTEST, contrast="progression").axes:
        for line in drawn_lines(axes):
            values = np.asarray(line.get_ydata(), dtype=float)
            assert np.isnan(values[STUDY.checkpoints[1:].index(45)]) and np.isfinite(values).sum() == 8


def test_exactly_the_claims_that_hold_are_marked():
    table = at_size.by_model(STUDY, "length")
    table["headline"] = table["measure"] == MAIN[0]["measure"]
    table["q"] = np.where(table["model"] == STUDY.models[1], 0.049, 0.05)
    table.loc[~table["headline"], "q"] = np.nan
    figure = bars.draw(table, STUDY.measures, contrast="length", models=STUDY.models)
    found = [len(named(axes, "claim")) for axes in figure.axes]
    assert found == [len(STUDY.conditions), *[0] * (len(found) - 1)]
    assert "The other measures are exploratory." in said(figure)
    none = bars.draw(table.assign(headline=False), STUDY.measures, contrast="length", models=STUDY.models)
    assert "All are exploratory" in said(none)


def test_all_models_together_stand_below_the_models():
    table = at_size.by_model(STUDY, "length")
    together = table[table["model"] == STUDY.models[0]].assign(model=None)
    figure = bars.draw(pd.concat([table, together]), STUDY.measures, contrast="length", models=STUDY.models)
    assert figure.axes[0].get_yticklabels()[-1].get_text() == "all models"


@pytest.mark.parametrize(
    ("column", "gid", "count"), [("noise", "noise", 1), ("items_low", "items", 8)], ids=["noise", "items"]
)
def test_what_is_not_known_is_not_drawn(column, gid, count):
    table = progression_table(STUDY)
    [axes, *_] = contrasts.draw(table, XSTEST, contrast="progression").axes
    assert len(named(axes, gid)) == count
    table[[column, "items_high" if column == "items_low" else column]] = np.nan
    figure = contrasts.draw(table, XSTEST, contrast="progression")
    assert not named(figure.axes[0], gid)
    assert ("not known: one replicate" in said(figure)) == (column == "noise")


def test_the_grey_floor_is_the_largest_noise_of_the_lines():
    def height(**noise: float) -> float:
        table = progression_table(STUDY)
        table["noise"] = table["group"].map(noise)
        [floor] = named(contrasts.draw(table, XSTEST, contrast="progression").axes[0], "noise")
        return float(floor.get_paths()[0].vertices[:, 1].max())

    assert height(persona=0.01, baseline=0.03) == pytest.approx(height(persona=0.03, baseline=0.03))
    assert height(persona=0.01, baseline=0.03) == pytest.approx(3 * height(persona=0.01, baseline=0.01))


def test_bars_of_the_first_checkpoint_are_filled():
    row = {"model": "m", "benchmark": "b", "condition": "c", "pattern_group": "persona", "n_cells": 2, "n_missing": 0}
    row["over"] = "personas"
    rows = [row | {"mined_at": t, "mean": mean, "low": mean, "high": mean} for t, mean in ((0, 10.0), (22, 4.0))]
    [axes] = pattern_numbers.draw(pd.DataFrame(rows), pattern_group="persona", models=["m"]).axes
    filled = {bar.get_width(): bool(bar.get_fill()) and bar.get_facecolor() != (1, 1, 1, 1) for bar in bars_of(axes)}
    assert filled[10.0] and not filled[4.0]


def test_the_raters_of_a_confusion_matrix_stand_at_its_sides():
    values = {"a": [1.0, 1.0, 0.0, 0.0], "b": [1.0, 0.0, 0.0, 0.0]}
    shared = {"set": "s", "metric": "refusal", "model": "m", "kind": "judge"}
    rows = [
        shared | {"rater": rater, "unit": str(n), "cluster": str(n), "value": value}
        for rater, given in values.items()
        for n, value in enumerate(given)
    ]
    table = calibration_of(pd.DataFrame(rows), {}, resamples=10)
    matrix = calibration.draw(table, name="s").axes[0]
    numbers = {text.get_position(): text.get_text() for text in matrix.texts}
    assert (matrix.get_ylabel(), matrix.get_xlabel()) == ("a", "b")
    assert numbers[0, 1] == "1" and numbers[1, 0] == "0", "a said yes and b no once"


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        (lambda: progression(STUDY, NOTE), ["95 % intervals over models, personas and items", "claims are the bars"]),
        (lambda: progression(STUDY, NOTE), [NOTE, "persona: n = 56 pairs a point; 2 of 1,010 missing"]),
        (lambda: progression(DEMO), ["persona: n = 1 pair a point"]),
        (
            partial(kept, "study, bars-length"),
            ["95 % intervals over", "q < 0.05 among all claims", "16 pairs have no value on one side"],
        ),
        (partial(kept, "study, bars-condition"), [PAIR, "after the shared start"]),
        (partial(kept, "study, coefficients-length"), ["95 % Wald interval", "per round", "Hollow"]),
        (partial(kept, "study, by-model"), ["n = 7–8, 7–8", "each column: a measure on an axis of its own"]),
        (partial(kept, "study, item-changes"), ["n = 199 items; 1 without a value", "persona − baseline, first"]),
        (partial(kept, "study, tokens-by-model"), ["tokens of the dialogue so far", "n = 8, 1"]),
        (
            partial(kept, "study, patterns-numbers"),
            ["first checkpoint (0)", "at the last (102)", "searches that ended"],
        ),
    ],
)
def test_what_the_small_print_says(drawn, words):
    found = said(drawn())
    for word in words:
        assert word in found


def test_an_arrow_is_explained_only_where_there_is_one():
    table = at_size.contrast_table(STUDY, at_size.BFI, "baseline")
    assert "Arrow" not in said(contrasts.draw(table, at_size.BFI, contrast="baseline"))
    table = at_size.contrast_table(STUDY, UTTERANCES, "baseline")
    assert "Arrow" in said(contrasts.draw(table, UTTERANCES, contrast="baseline"))


@pytest.mark.parametrize("measures", [[], [*XSTEST, *MAIN]])
def test_one_to_six_measures_make_a_figure(measures):
    with pytest.raises(ValueError, match=f"found {len(measures)} measures, expected 1 to 6"):
        contrasts.draw(progression_table(STUDY), measures, contrast="progression")


def fits(*statuses: str) -> pd.DataFrame:
    table = at_size.mixed_models(replace(DEMO, models=statuses), "length")
    table["status"] = table["model"]
    known = ~table["status"].isin(["failed", "too-few"])
    numbers = {"coefficient": 0.02, "low": 0.01, "high": 0.03}
    return table.assign(**{name: np.where(known, value, np.nan) for name, value in numbers.items()})


def test_a_fit_that_is_not_ok_is_hollow_and_one_without_a_number_says_why():
    statuses = ("ok", "singular", "not-converged", "failed", "too-few")
    figure = coefficients.draw(fits(*statuses), DEMO.measures, family="length", models=statuses)
    for axes in figure.axes:
        inside = [line.get_markerfacecolor() for line in axes.lines if line.get_marker() in ("o", "X")]
        assert [colour == "white" for colour in inside] == [False, False, True, True, True, True]
        shown = [text.get_text() for text in axes.texts]
        assert shown.count("failed") == shown.count("too-few") == 2 and shown.count("80") == 6
    assert "(8 failed, 8 not-converged, 8 singular, 8 too-few)" in said(figure), "four measures, two conditions"


def test_a_bar_is_as_high_as_its_mean_and_one_without_a_value_has_none():
    table = at_size.by_model(STUDY, "length")
    figure = bars.draw(table, STUDY.measures, contrast="length", models=STUDY.models)
    for axes, measure in zip(figure.axes, STUDY.measures, strict=True):
        rows = table[table["measure"] == measure["measure"]]
        assert sorted(bar.get_width() for bar in bars_of(axes)) == pytest.approx(sorted(rows["mean"].dropna()))
        assert [text.get_text() for text in axes.texts].count("no value") == rows["mean"].isna().sum()


def test_a_model_that_a_measure_lacks_is_named_as_not_measured():
    table = at_size.by_model(STUDY, "length")
    lacking = (table["model"] == STUDY.models[6]) & (table["measure"] == STUDY.measures[0]["measure"])
    figure = bars.draw(table[~lacking], STUDY.measures, contrast="length", models=STUDY.models)
    said_by = [[text.get_text() for text in axes.texts].count("not measured") for axes in figure.axes]
    assert said_by == [1, 0, 0, 0, 0, 0, 0]


def test_models_stand_in_the_given_order_from_top_to_bottom():
    figure = bars.draw(at_size.by_model(STUDY, "length"), STUDY.measures, contrast="length", models=STUDY.models)
    labels = [label.get_text().replace("\n", "") for label in figure.axes[0].get_yticklabels()]
    assert labels == list(STUDY.models)
    low, high = figure.axes[0].get_ylim()
    assert low > high


def test_a_heat_map_shows_each_number_where_it_belongs_and_a_gap_as_a_dash():
    table = at_size.patterns(STUDY).copy()
    table.loc[(table["unit"] == STUDY.models[1]) & (table["checkpoint"] == 22), "of_highest"] = np.nan
    figure = heat_maps.draw(table, models=STUDY.models)
    titles = [axes.get_title(loc="left").split("\n") for axes in figure.axes]
    for axes, (group, condition) in zip(figure.axes, titles, strict=True):
        rows = table[(table["by"] == "model") & (table["speaker"] == "persona") & (table["condition"] == condition)]
        of_group = rows[rows["pattern_group"] == group.split()[-1]]
        shares = of_group.set_index(["unit", "checkpoint"])["of_highest"]
        for text in axes.texts:
            column, row = map(round, text.get_position())
            share = shares[STUDY.models[row], STUDY.checkpoints[column]]
            assert text.get_text() == ("–" if np.isnan(share) else f"{share:.2f}")
        assert len(axes.texts) == 70


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["patterns-heat-map", "contrast-progression-utterances", "item-changes"])
def test_the_pdf_is_vectors_and_the_same_each_time(name, tmp_path, monkeypatch):
    monkeypatch.setattr(style, "DPI", 20)  # the PNG beside it takes most of the time
    made = []
    for attempt in "ab":
        with mpl.rc_context({"pdf.compression": 0}):
            style.save(FIGURES[f"study, {name}"](), tmp_path / f"{attempt}.pdf", tmp_path / f"{attempt}.png")
        made.append((tmp_path / f"{attempt}.pdf").read_bytes())
    assert made[0] == made[1]
    assert b"/Subtype /Image" not in made[0] and b"/FontFile2" in made[0]


def test_grids_have_a_row_per_unit_and_a_column_per_measure_on_one_axis():
    figure = grids.draw(at_size.means(STUDY), STUDY.measures, by="persona", rows=STUDY.personas)
    assert len(figure.axes) == 8 * 7
    for column in range(7):
        limits = {axes.get_ylim() for axes in figure.axes[column::7]}
        assert len(limits) == 1, "rows can be compared"


def test_histograms_count_every_item_once():
    table = at_size.changed_items(STUDY)
    figure = item_changes.draw(table, SHARES[:1], benchmark="xstest", pairs={})
    for axes in figure.axes:
        assert sum(bar.get_height() for bar in bars_of(axes)) == 199
    assert len(figure.axes) == 4, "two conditions, their difference, persona against baseline"


def test_the_condition_contrast_is_drawn_as_one_line_per_group():
    figure = contrasts.draw(
        at_size.contrast_table(STUDY, UTTERANCES, CONDITION), UTTERANCES, contrast=CONDITION, pair=PAIR
    )
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [f"{PAIR}, persona", f"{PAIR}, baseline"]
    assert all(len(list(drawn_lines(axes))) == 2 for axes in figure.axes)


@pytest.mark.parametrize(
    ("words", "width", "expected"),
    [
        ("Dialogue metrics ↑", 17, "Dialogue\nmetrics\N{NO-BREAK SPACE}↑"),
        ("short", 17, "short"),
    ],
)
def test_an_arrow_stays_with_its_word(words, width, expected):
    assert in_lines(words, width) == expected


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("gemma-3-4b-it", "gemma-3-4b-it"),
        ("Llama-3.1-Nemotron-Nano-8B-v1", "Llama-3.1-Nemotron-\nNano-8B-v1"),
        ("W" * 30, "W" * 18 + "\n" + "W" * 12),
        ("a" * 50 + "b" * 50, "a" * 20 + "\n…" + "b" * 19),
    ],
)
def test_names_have_two_lines_at_most(slug, expected):
    assert in_few_lines(slug) == expected


def test_an_axis_of_equal_values_has_some_length_and_nothing_below_zero_but_its_margin() -> None:
    low, high = around([0.0, 0.0], zero=False)
    assert -0.01 < low < 0 and high > 0.1
    assert around([0.0, 0.0]) == (-around([0.0, 0.0])[1], around([0.0, 0.0])[1]), "a difference goes both ways"


def drawn_anew(name: str) -> Figure:
    return {**LAID_OUT, **ODD}[name]()


@pytest.mark.parametrize(
    "name", mostly_thorough([*LAID_OUT, *ODD], often=("demo, patterns-by-model", "contrasts, long names"))
)
def test_no_text_is_cut_off_and_none_covers_another(name):
    with style.context():
        figure = _KEPT.pop(name) if name in _KEPT else drawn_anew(name)
        boxes = texts(figure)
        for text, box in boxes.items():
            assert box.x0 >= 0 and box.y0 >= 0, text
            assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
        assert not list(overlaps(boxes))
