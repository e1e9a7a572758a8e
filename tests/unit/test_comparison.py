"""Comparisons: published numbers against a run, two runs against each other, and what is refused."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.core.errors import UserError
from personas.grid.published_numbers import PUBLISHED_DTYPES, names, published_numbers
from personas.tables.comparison.against import against_published, between_models, between_runs, with_our_names
from personas.tables.series.distances import distance
from personas.tables.values import together
from tests.helpers import ROOT

PUBLISHED = ROOT / "data" / "published"
ACCURACY = "ifbench-loose-by-rules"
MEASURES = [{"measure": ACCURACY, "scale": "share", "unit": "loose accuracy (%)"}]


def cell(value: float, **place: Any) -> dict[str, Any]:
    return {
        "measure": ACCURACY,
        "benchmark": "ifbench",
        "judge": "rules",
        "model": "alpha",
        "group": "persona",
        "persona": "gaston",
        "condition": "persona-directed",
        "order": "fixed",
        "replicate": 1,
        "axis": "checkpoint",
        "position": 0,
        "value": value,
        "n_scored": 294,
        "n_planned": 294,
        **place,
    }


def baseline(value: float, **place: Any) -> dict[str, Any]:
    return cell(value, group="baseline", persona=None, **place)


def values(*cells: dict[str, Any]) -> pd.DataFrame:
    return together([pd.DataFrame(list(cells))])


def number(value: float, **place: Any) -> dict[str, Any]:
    found = dict.fromkeys(PUBLISHED_DTYPES) | {"source": "s", "quantity": "value", "measure": ACCURACY}
    found |= {"models": "alpha", "group": "persona", "personas": "gaston", "condition": "persona-directed"}
    found |= {"axis": "checkpoint", "position": 0, "unit": "percent", "value": value, "half_unit": 0.05}
    return found | place


def numbers(*found: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(found), columns=list(PUBLISHED_DTYPES)).astype(PUBLISHED_DTYPES)


def beside(found: dict[str, Any], *cells: dict[str, Any]) -> pd.Series:
    table = against_published(numbers(found), {"values": values(*cells)}, checkpoints=(0, 102))
    assert len(table) == 1
    return table.iloc[0]


def test_a_published_number_stands_beside_ours_in_its_unit() -> None:
    row = beside(number(25.0), cell(0.26))
    assert row["ours"] == pytest.approx(26.0)
    assert row["difference"] == pytest.approx(1.0)
    assert (row["interval"], row["n"], row["inside"], row["within_rounding"]) == ("items", 1, True, False)


def test_wilsons_interval_is_that_of_one_cell() -> None:
    row = beside(number(25.0), cell(0.5, n_scored=100))
    # Wilson's for 50 of 100: 0.404 to 0.596
    assert row["low"] + 25 == pytest.approx(40.383, abs=1e-3)
    assert row["high"] + 25 == pytest.approx(59.617, abs=1e-3)
    assert not row["inside"]


def test_a_rating_of_1_is_no_share_of_items() -> None:
    row = beside(number(2.0, unit="rating"), cell(1.0))
    assert (row["ours"], row["n"]) == (1.0, 1)
    assert pd.isna(row["interval"]) and pd.isna(row["inside"]) and np.isnan(row["low"])


@pytest.mark.parametrize(
    ("unit", "value", "half_unit", "equal", "reason"),
    [
        ("percent", 26.5, 0.05, True, "26.53 is printed as 26.5"),
        ("percent", 26.6, 0.05, False, "26.53 is not printed as 26.6"),
        ("of 294", 78, 0, True, "a count, exactly"),
        ("of 294", 79, 0, False, "one item more"),
        ("share", 0.265306, 5e-7, True, "six decimals"),
    ],
)
def test_within_rounding(unit: str, value: float, half_unit: float, equal: bool, reason: str) -> None:
    row = beside(number(value, unit=unit, half_unit=half_unit), cell(78 / 294))
    assert row["within_rounding"] == equal, reason


def test_a_mean_is_over_all_named_models_and_personas() -> None:
    cells = [cell(v, model=m, persona=p) for v, (m, p) in zip((0.1, 0.2, 0.3, 0.8), product("ab", "pq"), strict=True)]
    row = beside(number(30.0, models="a;b", personas="p;q"), *cells, cell(0.9, model="a", persona="r"))
    assert row["ours"] == pytest.approx(35.0)
    assert row["n"] == 4 and pd.isna(row["interval"]), "two models and two personas tell nothing of others"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"models": "alpha;beta"}, "not in this grid: model beta"),
        ({"personas": "gaston;hal"}, "not in this grid: persona hal"),
        ({"measure": "other"}, "not in this grid: measure other"),
        ({"condition": "other"}, "not in this grid: condition other"),
        ({"position": 11}, "not in this grid: 1 of 1 cells"),
        ({"group": "baseline", "personas": None}, "not in this grid: 1 of 1 cells"),
        ({"quantity": "label"}, "a label is an input, not a result"),
        ({"quantity": "patterns", "measure": "bfi"}, "not in this grid: no patterns are mined there"),
        ({"quantity": "length"}, "not in this grid: no table of lengths"),
    ],
)
def test_a_number_without_counterpart_says_why(changes: dict[str, Any], reason: str) -> None:
    row = beside(number(25.0, **changes), cell(0.26))
    assert row["reason"] == reason
    assert row["theirs"] == 25.0
    assert np.isnan(row["ours"]) and pd.isna(row["inside"]) and pd.isna(row["within_rounding"])


def test_a_gap_is_no_zero() -> None:
    row = beside(number(25.0), cell(np.nan))
    assert (row["reason"], row["n"], row["n_missing"]) == ("no value", 0, 1)
    assert np.isnan(row["ours"])


def test_a_contrast_is_ours_over_the_named_pairs() -> None:
    found = number(-3.0, quantity="contrast", contrast="baseline", group=None, unit="points", personas="gaston;hal")
    cells = [cell(0.2), cell(0.24, persona="hal"), baseline(0.25)]
    row = beside(found, *cells)
    assert row["ours"] == pytest.approx(-3.0)
    assert (row["n"], row["within_rounding"]) == (2, True)


def test_a_contrast_of_conditions_has_the_sign_that_is_published() -> None:
    there = {"quantity": "contrast", "contrast": "condition", "unit": "points", "condition": "goal", "other": "art"}
    row = beside(number(5.0, **there), cell(0.30, condition="goal"), cell(0.25, condition="art"))
    assert row["ours"] == pytest.approx(5.0)


def test_patterns_are_counted_and_found_by_their_tokens() -> None:
    place = {
        "model": "alpha",
        "persona": "gaston",
        "benchmark": "bfi",
        "condition": "persona-directed",
        "mined_at": 0,
        "half": "",
    }
    counts = pd.DataFrame(
        [
            {**place, "pattern_group": g, "checkpoint": t, "n_patterns": n}
            for g, n in (("persona", 16), ("baseline", 3))
            for t in (0, 11)
        ]
    )
    patterns = pd.DataFrame(
        [
            {**place, "pattern": [["No"], ["one"]], "checkpoint": t, "n_persona": 38 - t, "n_baseline": 0}
            for t in (0, 11)
        ]
    )
    asked = numbers(
        number(16, quantity="patterns", measure="bfi", unit="patterns", half_unit=0),
        number(38, quantity="pattern-documents", measure="bfi", item="one No", unit="documents", half_unit=0),
        number(1, quantity="pattern-documents", measure="bfi", item="two", unit="documents", half_unit=0),
    )
    table = against_published(
        asked, {"values": values(cell(0.1)), "counts": counts, "patterns": patterns}, checkpoints=(0, 102)
    )
    assert table["ours"].tolist()[:2] == [16, 38]
    assert table["within_rounding"].tolist()[:2] == [True, True]
    assert table["reason"][2] == "not found here: this pattern"


def test_lengths_are_those_of_the_fixed_order() -> None:
    place = {"model": "alpha", "group": "persona", "persona": "gaston", "condition": "persona-directed", "round": 1}
    lengths = pd.DataFrame(
        [{**place, "order": order, "tokens": n} for order, n in (("fixed", 339.0), ("shuffled", 400.0))]
    )
    asked = number(339, quantity="length", measure="tokens", axis="round", position=1, unit="tokens", half_unit=0)
    table = against_published(numbers(asked), {"values": values(cell(0.1)), "lengths": lengths}, checkpoints=(0, 102))
    assert (table["ours"][0], table["within_rounding"][0]) == (339.0, True)


def test_names_here_and_there() -> None:
    found = with_our_names(
        numbers(number(25.0, models="M;N")), {"alpha": "M", "pd": "persona-directed", "g": "gaston"}
    )
    assert (found["models"][0], found["condition"][0], found["personas"][0]) == ("alpha;N", "pd", "g")


# --- two runs


def both_runs(shift: float, n: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    drawing = np.random.default_rng(3)
    place = [(m, f"p{k}", t) for m in ("alpha", "beta") for k in range(n) for t in (0, 11)]
    found = drawing.uniform(0.2, 0.8, len(place))
    ours = [cell(v + shift, model=m, persona=p, position=t) for v, (m, p, t) in zip(found, place, strict=True)]
    noisy = found + drawing.normal(0, 0.005, len(place))
    return values(*ours), values(
        *(cell(v, model=m, persona=p, position=t) for v, (m, p, t) in zip(noisy, place, strict=True))
    )


@pytest.mark.parametrize(("shift", "inside"), [(0.0, True), (0.1, False), (-0.1, False)])
def test_a_shift_between_runs_is_found_and_no_shift_is_not(shift: float, inside: bool) -> None:
    table = between_runs(*both_runs(shift), MEASURES)
    pooled = table[table["scope"] == "all"]
    assert pooled["position"].tolist() == [0, 11]
    assert pooled["inside"].tolist() == [inside, inside]
    assert pooled["difference"].tolist() == pytest.approx([100 * shift] * 2, abs=0.6)
    assert (pooled["p"] < 0.05).tolist() == [not inside] * 2
    assert pooled["difference"].tolist() == pytest.approx((pooled["ours"] - pooled["theirs"]).tolist())


def test_runs_are_compared_for_each_model_too() -> None:
    table = between_runs(*both_runs(0.1), MEASURES)
    assert table.groupby(["scope", "models"]).size().to_dict() == {
        ("all", "alpha;beta"): 2,
        ("model", "alpha"): 2,
        ("model", "beta"): 2,
    }
    assert (table["n"] == table["scope"].map({"all": 12, "model": 6})).all()


def test_a_run_is_the_same_as_itself() -> None:
    ours, _ = both_runs(0.0)
    table = between_runs(ours, ours, MEASURES)
    assert table["difference"].eq(0).all() and table["inside"].all() and table["p"].eq(1).all()


def test_cells_of_one_run_and_gaps_are_counted() -> None:
    ours = values(cell(0.5), cell(0.4, persona="hal"), cell(0.3, persona="mary"), cell(0.2, position=11))
    theirs = values(cell(0.4), cell(np.nan, persona="hal"), cell(0.9, persona="juno"))
    table = between_runs(ours, theirs, MEASURES)
    counts = table[["position", "n", "n_missing", "n_only_ours", "n_only_theirs"]]
    assert counts.to_numpy().tolist() == [[0, 1, 1, 1, 1], [11, 0, 0, 1, 0]]
    assert table["difference"][0] == pytest.approx(10.0)
    assert table["reason"][1] == "in one of the runs only"


def test_baselines_of_nobody_are_pairs_too() -> None:
    ours = values(*(baseline(v, model=m) for m, v in (("a", 0.2), ("b", 0.3))))
    theirs = values(*(baseline(v, model=m) for m, v in (("a", 0.1), ("b", 0.1))))
    pooled = between_runs(ours, theirs, MEASURES).iloc[0]
    assert (pooled["n"], pooled["group"]) == (2, "baseline")
    assert pooled["difference"] == pytest.approx(15.0)


def test_two_models_are_paired_by_persona() -> None:
    run = values(
        *(
            cell(v, model=m, persona=p)
            for m, p, v in (("a", "x", 0.5), ("a", "y", 0.7), ("b", "x", 0.4), ("b", "y", 0.4))
        )
    )
    row = between_models(run, ("a", "b"), MEASURES).iloc[0]
    assert (row["models"], row["n"]) == ("a - b", 2)
    assert row["difference"] == pytest.approx(20.0)


# --- the numbers that are published: protocol facts reproduced by our functions


def published(*quantities: str) -> pd.DataFrame:
    found = published_numbers(PUBLISHED)
    return found[found["measure"].eq(ACCURACY) & found["quantity"].isin(quantities)]


def of_all(found: pd.DataFrame) -> pd.Series:
    return found["models"].str.contains(";")


def table_of_models() -> pd.DataFrame:
    """The accuracies by model as values: the mean of the personas stands for them; a baseline is a count of 294."""
    rows = published("value").query("unit == 'percent'")
    rows = rows[~of_all(rows) & (rows["personas"].isna() | rows["personas"].str.contains(";"))]
    assert len(rows) == 7 * 4 * 10
    cells = [
        baseline(round(r["value"] * 2.94) / 294, **where)
        if r["group"] == "baseline"
        else cell(r["value"] / 100, **where)
        for r in rows.to_dict("records")
        for where in [{"model": r["models"], "condition": r["condition"], "position": r["position"]}]
    ]
    return values(*(one | {"persona": one["persona"] and "everyone"} for one in cells))


def test_the_table_of_the_study_gives_the_contrasts_it_states() -> None:
    """Within rounding: half a unit of 0.1 for each side that is a mean of personas, and half the last digit."""
    stated = published("contrast").assign(personas="everyone")
    table = against_published(stated, {"values": table_of_models()}, checkpoints=(0, 102))
    sides = table["contrast"].map({"baseline": 1, "condition": 2, "progression": 2})
    assert len(table) == 32 and (table["n"] == 7).all()
    assert (table["difference"].abs() <= 0.05 * sides + table["half_unit"]).all(), table[["contrast", "difference"]]
    # The means of seven models that are rounded alike are off by far less than the worst case.
    assert table["difference"].abs().mean() < 0.02


def test_no_progression_is_stated_for_the_interview_and_ours_stays_in_its_range() -> None:
    later = [t for t in table_of_models()["position"].unique() if t]
    asked = [
        number(
            0.0,
            quantity="contrast",
            contrast="progression",
            models=published("contrast")["models"].iloc[0],
            unit="points",
            personas="everyone",
            position=t,
        )
        for t in later
    ]
    found = against_published(numbers(*asked), {"values": table_of_models()}, checkpoints=(0, 102))["ours"]
    assert found.min() == pytest.approx(-0.95, abs=0.105)
    assert found.max() == pytest.approx(-0.06, abs=0.105)


def test_the_means_of_all_models_follow_from_those_of_each() -> None:
    rows = published("value").query("unit == 'percent'")
    means = rows[of_all(rows) & (rows["personas"].isna() | rows["personas"].str.contains(";"))]
    means = means.assign(personas=means["personas"].where(means["personas"].isna(), "everyone"))
    table = against_published(means, {"values": table_of_models()}, checkpoints=(0, 102))
    assert len(table) == 40
    assert (table["difference"].abs() <= 0.1 + 1e-9).all()


def counted() -> pd.DataFrame:
    rows = published("value").query("unit == 'of 294'")
    cells = [
        (baseline if r["group"] == "baseline" else cell)(
            r["value"] / 294,
            **{"model": r["models"], "condition": r["condition"], "position": r["position"]},
            **({} if r["group"] == "baseline" else {"persona": r["personas"]}),
        )
        for r in rows.to_dict("records")
    ]
    assert len(cells) == 2 * 4 * 9
    return values(*cells)


@pytest.mark.parametrize("quantity", ["bar", "study-bar"])
def test_the_counts_give_the_bars_to_the_last_digit(quantity: str) -> None:
    table = against_published(published(quantity), {"values": counted()}, checkpoints=(0, 102))
    assert table["reason"].isna().all()
    assert table["within_rounding"].all(), table[["theirs", "ours"]]
    theirs = table[["their_low", "their_high"]].to_numpy()
    if quantity == "study-bar":
        ours = table[["low", "high"]].to_numpy() + table[["theirs"]].to_numpy()
        assert ours == pytest.approx(theirs, abs=5.1e-5)


def test_the_counts_are_the_means_and_the_table() -> None:
    rows = published("value")
    here = set(zip(counted()["model"], counted()["condition"], counted()["position"], strict=True))
    covered = [(m, c, t) in here for m, c, t in zip(rows["models"], rows["condition"], rows["position"], strict=True)]
    table = against_published(rows[covered], {"values": counted()}, checkpoints=(0, 102))
    assert len(table) == 72 + 8 + 16
    assert table["within_rounding"].all(), table[~table["within_rounding"]][["models", "theirs", "ours"]]


def test_the_example_of_bfi_gives_its_distances() -> None:
    found = published_numbers(PUBLISHED / "bfi.csv")
    traits = ("agreeableness", "conscientiousness", "extraversion", "neuroticism", "openness")

    def profile(measure: str, **wanted: Any) -> list[float]:
        rows = found
        for name, value in wanted.items():
            rows = rows[rows[name] == value]
        return [float(rows.loc[rows["measure"] == measure.format(t), "value"].iloc[0]) for t in traits]

    lestat = profile("bfi-{}-by-selene", personas="lestat-de-lioncourt", quantity="value")
    hal = profile("bfi-{}-by-selene", personas="hal-9000", quantity="value")
    labels = {item: profile("bfi-{}", personas="lestat-de-lioncourt", item=item) for item in ("annotation", "pdb")}
    stated = found.set_index("measure")["value"]
    assert distance(lestat, labels["annotation"], None) == pytest.approx(
        stated["bfi-distance-from-labels-by-selene"], abs=1e-5
    )
    assert distance(lestat, labels["pdb"], None) == pytest.approx(
        stated["bfi-distance-from-labels-pdb-by-selene"], abs=1e-5
    )
    assert distance(lestat, hal, None) == pytest.approx(0.320417, abs=5e-7)
    assert distance(lestat, hal, [9, 9, 8, 8, 10]) == pytest.approx(0.318182, abs=5e-7)


# --- files of published numbers


def test_what_comes_with_the_project_can_be_read() -> None:
    found = published_numbers(PUBLISHED)
    assert found.groupby("quantity").size().to_dict() == {
        "value": 424,
        "contrast": 32,
        "bar": 6,
        "study-bar": 4,
        "patterns": 2,
        "pattern-documents": 6,
        "length": 14,
        "label": 40,
    }
    assert not found.duplicated([n for n in PUBLISHED_DTYPES if n not in ("value", "half_unit", "low", "high")]).any()
    assert {name for joined in found["models"].dropna() for name in names(joined)} == set(
        names(found["models"].iloc[-1])
    ) | {
        "Nemotron-8B",
        "Nemotron-49B",
        "Gemma3-4B",
        "Gemma3-27B",
        "Qwen3-4B",
        "Qwen3-30B",
        "gemini-2.5-flash",
    }


HEAD = "source,quantity,measure,unit,value,position"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"{HEAD}\ns,value,m,percent,high,0\n", "row 2, value: found 'high', expected a number"),
        (f"{HEAD}\ns,value,m,percent,1,0\ns,value,m,percent,,0\n", "row 3, value: found nothing, expected something"),
        (f"{HEAD}\ns,guess,m,percent,1,0\n", "row 2, quantity: found 'guess', expected one of value"),
        (f"{HEAD}\ns,value,m,miles,1,0\n", "row 2, unit: found 'miles', expected percent"),
        (f"{HEAD}\ns,value,m,percent,1,0.5\n", "row 2, position: found '0.5', expected a whole number"),
        (f"{HEAD}\ns,value,m,percent,inf,0\n", "row 2, value: found 'inf', expected a number"),
        ("source,quantity,measure,unit\n", "no column 'value'"),
        (f"{HEAD},colour\n", "found a column 'colour'"),
        ("", "not a CSV file"),
    ],
)
def test_a_mistake_in_a_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"mine\.csv") as refused:
        published_numbers(file)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        published_numbers(tmp_path)
