"""Cards of models: lasting drops, what a card says, and how its pages say it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.benchmarks.panel import SECTIONS
from personas.figures.summaries import card
from personas.pages.cards import card_page, format_value
from personas.pages.model_comparison import compared_page
from personas.pages.summary import summary
from personas.tables.by_model import by_model
from personas.tables.cards import CARD_DTYPES, DROPS, GAINS, SIGNIFICANT, model_cards
from personas.tables.measures import PATTERNS
from personas.tables.sections import patterns_measure
from personas.tables.series.models import model_series, pattern_values, segment_rounds

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
CHECKPOINTS = [0, 11, 22, 33, 44]
TITLES = {RATED["measure"]: "Refusal of unsafe prompts", SPARED["measure"]: "Refusal of safe prompts"}


def values(last: float | None = 0.2, measure: str = RATED["measure"], **place: Any) -> list[dict[str, Any]]:
    """Personas, a little apart, and their baseline: 0.8 up to 11 and then in a line to `last` at 44."""
    row: dict[str, Any] = {
        "measure": measure,
        "benchmark": "xstest",
        "judge": "rules",
        "model": "m",
        "condition": "goal-oriented",
    }
    row |= {"order": "fixed", "replicate": 1, "axis": "checkpoint", "n_planned": 5, **place}
    end = 0.2 if last is None else last
    ends = [0.8, 0.8, 0.8 + (end - 0.8) / 3, 0.8 + (end - 0.8) * 2 / 3, last]
    speakers = [*(("persona", p, 0.002 * (n - 3.5)) for n, p in enumerate(PERSONAS)), ("baseline", None, 0.0)]
    return [
        {**row, "group": group, "persona": persona, "position": t, "value": v, "n_scored": 0 if v is None else 4}
        for group, persona, apart in speakers
        for t, v in (
            (t, None if v is None else v + apart * (1 + t / 44)) for t, v in zip(CHECKPOINTS, ends, strict=True)
        )
    ]


def bars(rows: list[dict[str, Any]]) -> pd.DataFrame:
    told: dict[str, Any] = {"conditions": ["goal-oriented"], "checkpoints": CHECKPOINTS, "headline": [*TITLES]}
    return by_model(pd.DataFrame(rows).astype({"value": "float64"}), pd.DataFrame(), **told)


def cards(rows: list[dict[str, Any]], *measures: Any, models: tuple[str, ...] = ("m",)) -> pd.DataFrame:
    told = [{"section": "Safety", "measures": list(measures or [RATED])}, {"section": "Patterns", "measures": []}]
    found = model_cards(pd.DataFrame(rows), told, models, CHECKPOINTS, bars=bars(rows), resamples=200)
    assert list(found.columns) == list(CARD_DTYPES)
    return found


def test_a_card_has_both_ends_the_change_and_since_when():
    row = cards(values()).iloc[0]
    assert (row["first_position"], row["last_position"], row["since"]) == (0, 44, 11)
    assert row["since_low"] <= 11 <= row["since_high"] and row["over"] == "personas"
    assert row["headline"] and row["p"] <= row["q"] < SIGNIFICANT
    assert row[["first", "last", "change"]].to_list() == pytest.approx([0.8, 0.2, -0.6])
    assert (row["verdict"], row["direction"], row["n_personas"], row["n_missing"]) == ("drops", "falls", 8, 0)
    assert (row["n_scored"], row["n_planned"]) == (64, 80), "ratings of the personas at the two ends"
    assert (row["baseline_first"], row["baseline_last"]) == pytest.approx((0.8, 0.2))


def test_of_a_measure_of_which_less_is_better_a_rise_is_looked_for():
    row = cards(values(measure=SPARED["measure"]), SPARED).iloc[0]
    assert (row["direction"], row["verdict"]) == ("rises", "gains"), "it is refused less, which is better"


def test_what_is_no_headline_measure_is_exploratory():
    told = [{"section": "Safety", "measures": [RATED]}]
    rows = pd.DataFrame(values())
    row = model_cards(rows, told, ("m",), CHECKPOINTS, resamples=50).iloc[0]
    assert row["verdict"] == "exploratory" and not row["headline"] and np.isnan(row["q"])
    assert row["change_high"] < 0, "it has its interval all the same"


def test_no_change_is_not_distinguishable_from_none():
    row = cards(values(last=0.8)).iloc[0]
    assert row["verdict"] == "no-change" and np.isnan(row["since"])


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
    assert row["verdict"] == "one-position" and np.isnan(row["change"]) and row["first"] == pytest.approx(0.8)


def test_orders_are_averaged_within_a_persona():
    row = cards([*values(last=0.2), *values(last=0.4, order="shuffled")]).iloc[0]
    assert row["last"] == pytest.approx(0.3) and row["n_personas"] == 8


def test_rounds_are_averaged_since_the_checkpoint_before():
    rows = pd.DataFrame([{**row, "axis": "round"} for row in values()])
    rows = rows.assign(position=rows["position"].map({0: 1, 11: 2, 22: 12, 33: 13, 44: 14}))
    found = segment_rounds(rows, [0, 11])
    mine = found[found["persona"] == "p0"].set_index("position")
    assert mine["value"].to_dict() == pytest.approx({1: 0.793, 12: 0.690}, abs=0.001)
    assert mine["n_planned"].to_list() == [5, 10]


def test_a_series_keeps_gaps_and_counts_what_is_scored():
    found = model_series(pd.DataFrame(values(last=None)), CHECKPOINTS)
    last = found[(found["group"] == "persona") & (found["position"] == 44)].iloc[0]
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
    assert format_value(value, scale, sign) == expected


COVERAGE = pd.DataFrame(
    [{"model": "m", "benchmark": "xstest", "judge": "rules", "planned": 9, "scored": 7, "failed": 1, "unparsed": 1}]
)


def page(tmp_path: Path, found: pd.DataFrame, model: str = "m") -> str:
    picture = tmp_path / "card.png"
    picture.write_bytes(b"a picture")
    return card_page(
        model=model,
        facts=["org/m at r1", "<b>"],
        titles=TITLES,
        cards=found,
        bars=bars(values()),
        coverage=COVERAGE,
        figure=picture,
        note="A note.",
    )


def test_a_page_says_where_a_drop_begins_what_is_not_measured_and_what_failed(tmp_path):
    text = page(tmp_path, cards(values()))
    assert "falls; sets in after checkpoint 11 [" in text and "8; 64 of 80; personas" in text
    assert "80.0 % [79.6, 80.4]" in text and "Refusal of unsafe prompts (goal-oriented) got worse" in text
    assert 'Patterns · <span class="gap">not measured</span>' in text
    assert "xstest by rules 7 of 9 (1, 1)" in text and "A note." in text
    assert "&lt;b&gt;" in text and "data:image/png;base64," in text, "escaped, and in one file"


def test_a_page_of_few_personas_does_not_pretend(tmp_path):
    few = [row for row in values() if row["persona"] in ("p0", "p1")]
    assert "too few units to tell" in page(tmp_path, cards(few))


def test_models_side_by_side():
    found = cards([*values(), *values(last=0.9, model="n")], models=("m", "n", "o"))
    text = compared_page(found, note=None)
    assert "<th>m</th><th>n</th><th>o</th>" in text
    assert "−60.0 pp; falls; sets in after 11 [" in text and "; rises; 64 of 80" in text
    assert '<td><span class="gap">not measured</span></td>' in text


def texts(figure: Any) -> str:
    parts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return "\n".join([*(part.get_text() for part in parts), *(axes.get_title(loc="left") for axes in figure.axes)])


def test_a_figure_has_a_panel_for_each_measure_and_says_what_is_missing():
    series = model_series(pd.DataFrame(values(last=None)), CHECKPOINTS)
    figure = card.draw(series, [RATED, SPARED], model="m", note="A note.")
    said = texts(figure)
    assert len(figure.axes) == 2 and "no data" in said and "A note." in said
    assert (
        "persona: n = 0–8; 128 of 200" in said
        and "Refusal of unsafe prompts,\nrules (kappa 0.83–0.94)\u00a0↑" in said
    )
    drawn = np.asarray(figure.axes[0].lines[0].get_ydata(), dtype=float)
    assert np.isnan(drawn[-1]) and drawn[0] == pytest.approx(0.8), "a gap is no zero"


def test_a_figure_without_measures_is_refused():
    with pytest.raises(ValueError, match="found no measure"):
        card.draw(pd.DataFrame({"model": []}), [], model="m")


def test_sections_stand_in_order():
    assert SECTIONS[0].startswith("Fidelity") and len(set(SECTIONS)) == 5


# The two sentences.


def claim(measure: str, change: float, q: float, direction: str = "falls") -> dict[str, Any]:
    verdict = "too-few" if np.isnan(q) else "no-change"
    if q < SIGNIFICANT:
        verdict = DROPS if (change < 0) == (direction == "falls") else GAINS
    return {"measure": measure, "condition": "c", "headline": True, "verdict": verdict, "change": change, "q": q}


def cost(measure: str, mean: float, q: float) -> dict[str, Any]:
    return {"measure": measure, "contrast": "personalization", "headline": True, "mean": mean, "q": q}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-1, 1), st.sampled_from([np.nan, 0.001, 0.049, 0.05, 1.0])), max_size=5),
    st.lists(st.tuples(st.floats(-1, 1), st.sampled_from([np.nan, 0.001, 0.049, 0.05, 1.0])), max_size=5),
)
def test_every_claim_is_told_once_and_as_its_numbers_say(changes, costs):
    titles = {f"m{n}": f"<measure {n}>" for n in range(5)}
    claims = [claim(f"m{n}", *numbers) for n, numbers in enumerate(changes)]
    prices = [cost(f"m{n}", *numbers) for n, numbers in enumerate(costs)]
    over_time, _, at_first = summary(claims, prices, titles).partition("Before the first round, ")
    for row in claims:
        [phrase] = [part for part in over_time.split("; ") if titles[row["measure"]] in part]
        assert ("got worse" in phrase) == (row["q"] < SIGNIFICANT and row["change"] < 0)
        assert ("got better" in phrase) == (row["q"] < SIGNIFICANT and row["change"] >= 0)
        assert ("no change can be told" in phrase) == (row["q"] >= SIGNIFICANT)
    for row in prices:
        [phrase] = [part for part in at_first.split("; ") if titles[row["measure"]] in part]
        assert ("raises" in phrase) == (row["q"] < SIGNIFICANT and row["mean"] > 0)
        assert ("lowers" in phrase) == (row["q"] < SIGNIFICANT and row["mean"] <= 0)
        assert ("too little" in phrase) == np.isnan(row["q"])


def test_without_claims_nothing_is_said():
    assert summary([{**claim("m", -1, 0.001), "headline": False}], [], {"m": "x"}) == ""
