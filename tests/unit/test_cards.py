"""Cards of models: lasting drops, what a card says, and how its pages say it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.benchmarks.panel import SECTIONS
from personas.figures import card
from personas.pages.cards import card_page, shown
from personas.pages.compared import compared_page
from personas.stats.lasting import lasting_drop
from personas.tables.cards import CARD_DTYPES, model_cards
from personas.tables.sections import patterns_measure
from personas.tables.series.models import PATTERNS, model_series, pattern_values, segmented

PERSONAS = [f"p{n}" for n in range(8)]
RATED: dict[str, Any] = {
    "measure": "xstest-refusal-unsafe-by-rules",
    "title": "xstest: Refusal of unsafe prompts, rules (kappa 0.83–0.94)",
    "unit": "refusal rate (%)",
    "judge": "rules",
    "scale": "share",
    "axis": "checkpoint",
    "better": "higher",
    "metric": "refusal",
    "headline": True,
}
SPARED = {
    **RATED,
    "measure": "xstest-refusal-safe-by-rules",
    "title": "xstest: Refusal of safe prompts, rules (kappa 0.83–0.94)",
    "better": "lower",
}
CHECKPOINTS = [0, 11, 22]


def drop(*columns: float, n: int = 8, sign: int = -1) -> Any:
    """Look for a drop where every one of n pairs has these values, and a little noise of its own."""
    noise = np.linspace(-0.01, 0.01, n)
    cells = {place * 11: [value] * n + noise * (place > 0) for place, value in enumerate(columns)}
    return lasting_drop(pd.DataFrame(cells), sign)


@pytest.mark.parametrize(
    ("values", "since", "verdict", "reason"),
    [
        ((0.9, 0.5, 0.4, 0.3), 11, "drops", "from the first position on"),
        ((0.9, 0.9, 0.4, 0.3), 22, "drops", "later"),
        ((0.9, 0.4, 0.9, 0.3), 33, "drops", "a drop that is made good does not count"),
        ((0.9, 0.4, 0.4, 0.9), np.nan, "no-lasting-drop", "not to the end"),
        ((0.4, 0.9, 0.9, 0.9), np.nan, "no-lasting-drop", "significant, but a rise"),
        ((0.9, 0.9, 0.9, 0.9), np.nan, "no-lasting-drop", "nothing happens"),
    ],
)
def test_since_when_a_drop_lasts(values, since, verdict, reason):
    found = drop(*values)
    assert found.since == pytest.approx(since, nan_ok=True) and found.verdict == verdict, reason


def test_a_rise_is_a_drop_where_less_is_better():
    assert drop(0.1, 0.5, 0.6, sign=1).since == 11


@pytest.mark.parametrize(("n", "verdict"), [(5, "too-few"), (6, "drops"), (1, "too-few"), (0, "too-few")])
def test_with_few_pairs_no_test_can_tell(n, verdict):
    """Of 5 pairs the smallest p is 2 / 32 = .0625, of 6 it is .03125."""
    assert drop(0.9, 0.4, n=n).verdict == verdict


def test_a_position_without_values_ends_a_drop():
    cells = pd.DataFrame({0: [0.9] * 8, 11: [0.4] * 8, 22: [np.nan] * 8})
    assert lasting_drop(cells, -1).verdict == "no-lasting-drop"
    assert lasting_drop(cells[[0, 22]], -1).verdict == "too-few", "nothing is left to compare"


def values(last: float | None = 0.2, measure: str = RATED["measure"], **place: Any) -> list[dict[str, Any]]:
    """Personas and their baseline, falling in a line from 0.8 at 0 to `last` at 22."""
    row: dict[str, Any] = {
        "measure": measure,
        "benchmark": "xstest",
        "judge": "rules",
        "model": "m",
        "condition": "goal-oriented",
    }
    row |= {"order": "fixed", "replicate": 1, "axis": "checkpoint", "n_planned": 5, **place}
    ends = [0.8, 0.5, last]
    return [
        {**row, "group": group, "persona": persona, "position": t, "value": v, "n_scored": 0 if v is None else 4}
        for group, persona in [*(("persona", p) for p in PERSONAS), ("baseline", None)]
        for t, v in zip(CHECKPOINTS, ends, strict=True)
    ]


def cards(rows: list[dict[str, Any]], *measures: Any, models: tuple[str, ...] = ("m",)) -> pd.DataFrame:
    told = [{"section": "Safety", "measures": list(measures or [RATED])}, {"section": "Patterns", "measures": []}]
    found = model_cards(pd.DataFrame(rows), told, models, CHECKPOINTS, resamples=50)
    assert list(found.columns) == list(CARD_DTYPES)
    return found


def test_a_card_has_both_ends_the_change_and_since_when():
    row = cards(values()).iloc[0]
    assert (row["first_position"], row["last_position"], row["since"]) == (0, 22, 11)
    assert row[["first", "last", "change"]].to_list() == pytest.approx([0.8, 0.2, -0.6])
    assert (row["verdict"], row["direction"], row["n_personas"], row["n_missing"]) == ("drops", "falls", 8, 0)
    assert (row["n_scored"], row["n_planned"]) == (64, 80), "ratings of the personas at the two ends"
    assert (row["baseline_first"], row["baseline_last"]) == (0.8, 0.2)


def test_of_a_measure_of_which_less_is_better_a_rise_is_looked_for():
    row = cards(values(measure=SPARED["measure"]), SPARED).iloc[0]
    assert (row["direction"], row["verdict"]) == ("rises", "no-lasting-drop")


def test_what_the_grid_lacks_is_not_measured():
    found = cards(values(), RATED, SPARED, models=("m", "n"))
    told = found[["model", "section", "measure", "verdict"]].astype("object").fillna("").to_numpy().tolist()
    assert told == [
        ["m", "Safety", RATED["measure"], "drops"],
        ["m", "Safety", SPARED["measure"], "not-measured"],
        ["m", "Patterns", "", "not-measured"],
        ["n", "Safety", RATED["measure"], "not-measured"],
        ["n", "Safety", SPARED["measure"], "not-measured"],
        ["n", "Patterns", "", "not-measured"],
    ]


def test_a_gap_at_one_end_is_counted_and_nothing_is_said_of_a_drop():
    row = cards(values(last=None)).iloc[0]
    assert (row["verdict"], row["n_personas"], row["n_missing"], row["n_scored"]) == ("no-value", 0, 8, 32)
    assert np.isnan(row["last"]) and np.isnan(row["change"])


def test_one_checkpoint_has_no_change():
    row = cards([row for row in values() if row["position"] == 0]).iloc[0]
    assert row["verdict"] == "one-position" and np.isnan(row["change"]) and row["first"] == 0.8


def test_orders_are_averaged_within_a_persona():
    row = cards([*values(last=0.2), *values(last=0.4, order="shuffled")]).iloc[0]
    assert row["last"] == pytest.approx(0.3) and row["n_personas"] == 8


def test_rounds_are_averaged_since_the_checkpoint_before():
    rows = pd.DataFrame([{**row, "axis": "round"} for row in values()])
    rows = rows.assign(position=rows["position"].map({0: 1, 11: 2, 22: 12}))
    found = segmented(rows, [0, 11])
    mine = found[found["persona"] == "p0"].set_index("position")
    assert mine["value"].to_dict() == pytest.approx({1: 0.8, 12: 0.35}) and mine["n_planned"].to_list() == [5, 10]


def test_a_series_keeps_gaps_and_counts_what_is_scored():
    found = model_series(pd.DataFrame(values(last=None)), CHECKPOINTS, resamples=50)
    last = found[(found["group"] == "persona") & (found["position"] == 22)].iloc[0]
    assert np.isnan(last["mean"]) and (last["n_cells"], last["n_scored"], last["n_planned"]) == (0, 0, 40)
    assert found[(found["group"] == "persona") & (found["position"] == 0)].iloc[0]["n_cells"] == 8


def counted(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"model": "m", "persona": "p0", "benchmark": "bfi", "condition": "c", "checkpoint": 0}
    row |= {"pattern_group": "persona", "speaker": "persona", "n_patterns": 4, "n_documents": 5, "n_hits": 10}
    return row | changes


def test_patterns_are_shares_summed_over_benchmarks_and_those_of_the_baseline_are_left_out():
    rows = [
        counted(),
        counted(benchmark="xstest", n_patterns=0, n_hits=0),
        counted(pattern_group="baseline", n_hits=20),
    ]
    [row] = pattern_values(pd.DataFrame([*rows])).to_dict("records")
    assert (row["measure"], row["group"], row["value"]) == (PATTERNS, "persona", 0.5)
    assert (row["n_scored"], row["n_planned"]) == (5, 10), "no pattern was found in the second benchmark"
    [gap] = pattern_values(pd.DataFrame([counted(n_patterns=0, n_hits=0)])).to_dict("records")
    assert np.isnan(gap["value"]) and gap["n_scored"] == 0


def test_the_measure_of_patterns_has_its_slug_in_both_places():
    assert patterns_measure()["measure"] == PATTERNS


@pytest.mark.parametrize(
    ("value", "scale", "sign", "expected"),
    [
        (0.1234, "share", False, "12.3 %"),
        (0.01, "share", True, "+1.0 pp"),
        (-0.00001, "share", True, "+0.0 pp"),
        (-0.1, "rating", True, "−0.10"),
        (np.nan, "share", False, "n/a"),
        (0.1234, "amount", False, "0.123"),
    ],
)
def test_values_are_shown_in_their_scale(value, scale, sign, expected):
    assert shown(value, scale, sign) == expected


COVERAGE = pd.DataFrame(
    [{"model": "m", "benchmark": "xstest", "judge": "rules", "planned": 9, "scored": 7, "failed": 1, "unparsed": 1}]
)


def page(tmp_path: Path, found: pd.DataFrame, model: str = "m") -> str:
    picture = tmp_path / "card.png"
    picture.write_bytes(b"a picture")
    return card_page(
        model=model, facts=["org/m at r1", "<b>"], cards=found, coverage=COVERAGE, figure=picture, note="A note."
    )


def test_a_page_says_where_a_drop_begins_what_is_not_measured_and_what_failed(tmp_path):
    text = page(tmp_path, cards(values()))
    assert "falls from checkpoint 11 on" in text and "80.0 % [80.0, 80.0]" in text and "8; 64 of 80" in text
    assert 'Patterns · <span class="gap">not measured</span>' in text
    assert "xstest by rules 7 of 9 (1, 1)" in text and "A note." in text
    assert "&lt;b&gt;" in text and "data:image/png;base64," in text, "escaped, and in one file"


def test_a_page_of_few_personas_does_not_pretend(tmp_path):
    few = [row for row in values() if row["persona"] in ("p0", "p1")]
    assert "too few personas to tell (n = 2)" in page(tmp_path, cards(few))


def test_models_side_by_side():
    found = cards([*values(), *values(last=0.9, model="n")], models=("m", "n", "o"))
    text = compared_page(found, note=None)
    assert "<th>m</th><th>n</th><th>o</th>" in text
    assert "−60.0 pp; falls from 11 on; 64 of 80 scored" in text and "no lasting fall" in text
    assert '<td><span class="gap">not measured</span></td>' in text


def texts(figure: Any) -> str:
    parts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return "\n".join([*(part.get_text() for part in parts), *(axes.get_title(loc="left") for axes in figure.axes)])


def test_a_figure_has_a_panel_for_each_measure_and_says_what_is_missing():
    series = model_series(pd.DataFrame(values(last=None)), CHECKPOINTS, resamples=50)
    figure = card.draw(series, [RATED, SPARED], model="m", note="A note.")
    said = texts(figure)
    assert len(figure.axes) == 2 and "no data" in said and "A note." in said
    assert "persona: n = 0–8; 64 of 120" in said and "Refusal of unsafe prompts, rules (kappa 0.83–0.94) ↑" in said
    drawn = np.asarray(figure.axes[0].lines[0].get_ydata(), dtype=float)
    assert np.isnan(drawn[-1]) and drawn[0] == 0.8, "a gap is no zero"


def test_a_figure_without_measures_is_refused():
    with pytest.raises(ValueError, match="found no measure"):
        card.draw(pd.DataFrame({"model": []}), [], model="m")


def test_sections_stand_in_order():
    assert SECTIONS[0].startswith("Fidelity") and len(set(SECTIONS)) == 5
