"""Values: what one cell's number is, and whose it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.benchmarks.bfi import TRAITS
from personas.grid.value_columns import KEYS, VALUE_DTYPES
from personas.stats.measures import Measure, measures_table, of_panel, of_utterances, with_places
from personas.stats.panels import measured_panels
from personas.tables.series.distances import distances
from personas.tables.values import cell_values, values_of_files
from tests.panels import benchmark_panels
from tests.unit.test_series import rating, table

XSTEST = with_places(map(of_panel, benchmark_panels("xstest", "xstest", "jay")))
UTTERANCES = with_places(of_utterances("jay", ["style", "knowledge"]))


def refusal(value: float | None, **changes: Any) -> dict[str, Any]:
    return rating(value, **{"benchmark": "xstest", "metric": "refusal", "label": "unsafe", "judge": "jay", **changes})


def utterance(value: float | None, metric: str = "style", **changes: Any) -> dict[str, Any]:
    placed = {"checkpoint": None, "round": 1, "benchmark": None, "item_id": None, "judge": "jay", "metric": metric}
    return rating(value, **placed | changes)


def only(values: pd.DataFrame, **wanted: Any) -> pd.Series:
    for column, value in wanted.items():
        values = values[values[column].isna() if value is None else values[column] == value]
    assert len(values) == 1, values
    return values.iloc[0]


@pytest.mark.parametrize(
    ("found", "value", "counts", "reason"),
    [
        ([1.0, 0.0, 1.0, 1.0], 0.75, (4, 4), "mean over items"),
        ([1.0, None], 1.0, (1, 2), "an unparsed verdict stays out, and is counted"),
        ([None, None], np.nan, (0, 2), "no verdict at all: a gap with a row"),
        ([0.0], 0.0, (1, 1), "a true 0 is a value"),
    ],
)
def test_a_cell_is_the_mean_over_its_items(found, value, counts, reason):
    rows = [refusal(v, item_id=str(item)) for item, v in enumerate(found)]
    row = only(cell_values(table(*rows), XSTEST))
    assert row["measure"] == "xstest-refusal-unsafe-by-jay"
    assert row["value"] == pytest.approx(value, nan_ok=True), reason
    assert (row["n_scored"], row["n_planned"]) == counts, reason


@pytest.mark.parametrize(
    "apart",
    [{"order": "shuffled"}, {"replicate": 1}, {"checkpoint": 11}, {"condition": "c"}, {"model": "n"}],
    ids=lambda change: next(iter(change)),
)
def test_cells_are_kept_apart_by(apart):
    assert sorted(cell_values(table(refusal(1.0), refusal(0.0, **apart)), XSTEST)["value"]) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("row", "group", "persona"),
    [
        (refusal(1.0, persona="hal"), "persona", "hal"),
        (refusal(1.0, persona="baseline"), "baseline", None),
        (refusal(1.0, persona="baseline", reference_persona="hal"), "baseline", "hal"),
    ],
    ids=["a persona", "a baseline whose answers are nobody's", "a baseline that answers a persona's items"],
)
def test_whose_a_value_is(row, group, persona):
    found = only(cell_values(table(row), XSTEST))
    assert (found["group"], None if pd.isna(found["persona"]) else found["persona"]) == (group, persona)


def test_rules_judges_and_labels_are_measures_of_their_own():
    rows = [
        refusal(1.0),
        refusal(0.0, judge="rules"),
        refusal(0.25, label="safe"),
        refusal(5.0, metric="words", judge=None),
    ]
    found = cell_values(table(*rows), XSTEST).set_index("measure")["value"].to_dict()
    assert found == {
        "xstest-refusal-unsafe-by-jay": 1.0,
        "xstest-refusal-unsafe-by-rules": 0.0,
        "xstest-refusal-safe-by-jay": 0.25,
        "xstest-words": 5.0,
    }


def test_a_verdict_given_twice_is_refused():
    with pytest.raises(ValueError, match="rated twice"):
        cell_values(table(refusal(1.0), refusal(0.0)), XSTEST)


@pytest.mark.parametrize(
    ("style", "knowledge", "value", "scored", "reason"),
    [
        (2.0, 5.0, 3.5, 1, "the mean of the judge's metrics"),
        (2.0, None, np.nan, 0, "one is missing: no mean of the other alone"),
    ],
)
def test_utterances_together(style, knowledge, value, scored, reason):
    rows = table(utterance(style), utterance(knowledge, "knowledge"))
    row = only(cell_values(rows, UTTERANCES), measure="utterances-by-jay")
    assert row["value"] == pytest.approx(value, nan_ok=True), reason
    assert (row["axis"], row["position"], row["n_scored"], row["n_planned"]) == ("round", 1, scored, 1), reason


def test_utterances_together_need_every_row_too():
    assert np.isnan(only(cell_values(table(utterance(2.0)), UTTERANCES), measure="utterances-by-jay")["value"])


def test_a_baseline_judged_as_two_personas_has_a_value_for_each():
    rows = [utterance(2.0, persona="baseline", reference_persona=who) for who in ("gaston", "hal")]
    found = cell_values(table(*rows), UTTERANCES)
    assert list(found.loc[found["measure"] == "style-by-jay", "persona"]) == ["gaston", "hal"]


def test_read_file_by_file_it_is_the_same_table(tmp_path: Path):
    rows = table(*(refusal(float(n % 2), model=m, item_id=str(n)) for m in "mn" for n in range(5)), utterance(3.0))
    whole = cell_values(rows, [*XSTEST, *UTTERANCES])
    for number, (_, part) in enumerate(rows.groupby("model")):
        part.to_parquet(tmp_path / f"{number}.parquet")
    read = values_of_files(sorted(tmp_path.glob("*"), reverse=True), [*XSTEST, *UTTERANCES])
    pd.testing.assert_frame_equal(read, whole)
    assert read.dtypes.astype(str).to_dict() == VALUE_DTYPES
    assert not read.duplicated(KEYS).any()


def test_distances_are_values_like_others(tmp_path: Path):
    rated = {"benchmark": "bfi", "metric": "trait", "judge": "jay"}
    level = {"gaston": 3.0, "baseline": 5.0}
    rows = [rating(level[who], persona=who, label=trait, item_id=trait, **rated) for who in level for trait in TRAITS]
    labels = {"gaston": dict.fromkeys(TRAITS, 2.0)}
    distances(table(*rows), labels, "traits").to_parquet(tmp_path / "distances.parquet")
    found = values_of_files(
        [tmp_path / "distances.parquet"],
        with_places(map(of_panel, measured_panels("bfi", "bfi", "jay", labels="x")[6:])),
    )
    to_labels = found[found["measure"] == "bfi-distance-from-labels-by-jay"].set_index("group")
    assert to_labels["value"].to_dict() == {"persona": 0.25, "baseline": 0.75}
    assert to_labels["persona"].to_dict() == {"persona": "gaston", "baseline": "gaston"}, "whose labels they are"
    assert only(found, measure="bfi-distance-from-baseline-by-jay")["value"] == 0.5


def test_without_ratings_the_table_is_empty_and_typed():
    assert values_of_files([], XSTEST).dtypes.astype(str).to_dict() == VALUE_DTYPES


def test_measures_are_named_once_and_in_order():
    two: list[Measure] = [
        m for judge in ("a", "b") for m in map(of_panel, benchmark_panels("xstest", "xstest", judge))
    ]
    found = measures_table(with_places(two))
    assert list(found["measure"]) == [
        "xstest-refusal-unsafe-by-rules",
        "xstest-refusal-unsafe-by-a",
        "xstest-refusal-safe-by-rules",
        "xstest-refusal-safe-by-a",
        "xstest-words",
        "xstest-refusal-unsafe-by-b",
        "xstest-refusal-safe-by-b",
    ]
    assert list(found["place"]) == list(range(7))
