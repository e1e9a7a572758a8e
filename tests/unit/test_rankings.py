"""Rankings of models and personas, and coverage: what is missing is counted and never ranked."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.tables.coverage import COUNTS, coverage, status_counts
from personas.tables.rankings import rankings
from tests.unit.test_series import rating, table

STATUSES = ["ok", "truncated", "empty", "judge_unparsed", "unscorable"]


def value(found: float | None, model: str, persona: str, **place: Any) -> dict[str, Any]:
    row = {"measure": "x", "group": "persona", "condition": "c", "order": "fixed", "replicate": 1, "position": 9}
    counts = {"n_scored": 0 if found is None else 4, "n_planned": 5}
    return {**row, "model": model, "persona": persona, "value": found, **counts, **place}


def ranked(*rows: dict[str, Any], better: str = "higher", of: str = "model") -> pd.DataFrame:
    found = rankings(pd.DataFrame(rows), [{"measure": "x", "better": better, "scale": "share"}])
    return found[found["of"] == of]


def order(found: pd.DataFrame) -> list[tuple[float, str]]:
    return list(zip(found["rank"], found["name"], strict=True))


THREE = [value(0.2, "m", "hal"), value(0.8, "n", "hal"), value(0.5, "o", "hal")]


@pytest.mark.parametrize(
    ("better", "expected"),
    [
        ("higher", [(1, "n"), (2, "o"), (3, "m")]),
        ("lower", [(1, "m"), (2, "o"), (3, "n")]),
        ("neutral", [(1, "n"), (2, "o"), (3, "m")]),
    ],
)
def test_rank_1_is_the_best(better, expected):
    assert order(ranked(*THREE, better=better)) == expected


def test_equal_values_share_a_rank_and_a_gap_has_none():
    found = ranked(*THREE, value(0.8, "p", "hal"), value(None, "q", "hal"))
    assert order(found)[:4] == [(1, "n"), (1, "p"), (3, "o"), (4, "m")]
    last = found.iloc[-1]
    assert last["name"] == "q" and np.isnan(last["rank"]) and np.isnan(last["mean"])
    assert (last["n_cells"], last["n_missing"], last["n_scored"], last["n_planned"]) == (0, 1, 0, 5)


def test_models_are_means_over_personas_and_personas_over_models():
    rows = [value(0.0, "m", "hal"), value(1.0, "m", "gaston"), value(1.0, "n", "hal"), value(1.0, "n", "gaston")]
    assert ranked(*rows)["mean"].to_list() == [1.0, 0.5]
    assert order(ranked(*rows, of="persona")) == [(1, "gaston"), (2, "hal")]
    row = ranked(*rows).iloc[1]
    assert (row["n_cells"], row["n_scored"], row["n_planned"]) == (2, 8, 10)
    assert np.isnan(row["low"]) and row["over"] == "", "two personas tell nothing of others"
    third = ranked(*rows, value(0.5, "m", "juno")).iloc[1]
    assert third["over"] == "personas" and third["low"] < 0.5 < third["high"]


def test_orders_are_averaged_within_a_cell_and_the_baseline_is_left_out():
    rows = [
        value(0.0, "m", "hal"),
        value(1.0, "m", "hal", order="shuffled"),
        value(9.0, "m", "hal", group="baseline"),
    ]
    row = ranked(*rows).iloc[0]
    assert (row["mean"], row["n_cells"]) == (0.5, 1)


def test_the_first_and_the_last_position_are_ranked_each_condition_by_itself():
    rows = [value(0.0, "m", "hal", position=p, condition=c) for p in (0, 5, 9) for c in ("c", "d")]
    found = ranked(*rows)
    assert sorted(zip(found["condition"], found["position"], strict=True)) == [("c", 0), ("c", 9), ("d", 0), ("d", 9)]


def covered(*rows: dict[str, Any]) -> pd.DataFrame:
    return coverage([status_counts(table(*rows))], STATUSES)


def test_what_was_planned_has_a_value_or_failed_or_could_not_be_read():
    rows = [
        rating(1.0, item_id="1"),
        rating(0.0, item_id="2", status="truncated"),
        rating(None, item_id="3", status="empty"),
    ]
    rows += [rating(None, item_id="4", status="judge_unparsed"), rating(None, item_id="5", status="unscorable")]
    [row] = covered(*rows).to_dict("records")
    assert [row[name] for name in COUNTS] == [5, 2, 2, 1]
    assert [row[status] for status in STATUSES] == [1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "apart",
    [
        {"model": "n"},
        {"persona": "hal"},
        {"condition": "d"},
        {"judge": "jay"},
        {"metric": "strict"},
        {"benchmark": "bfi"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_rows_are_counted_apart_by(apart):
    assert covered(rating(1.0), rating(1.0, **apart))["planned"].to_list() == [1, 1]


def test_utterances_and_answers_without_a_judge_are_counted_too():
    found = covered(rating(1.0, benchmark=None, round=1, judge="jay"), rating(3.0, metric="words"))
    assert found["benchmark"].to_list() == ["ifbench", "utterances"] and found["judge"].isna().to_list() == [
        True,
        False,
    ]


def test_tables_are_counted_together():
    counts = [status_counts(table(rating(1.0, item_id=item))) for item in "ab"]
    assert coverage(counts, STATUSES)["planned"].to_list() == [2]


def test_an_unknown_status_is_refused():
    with pytest.raises(ValueError, match="found the status strange, expected one of ok, "):
        covered(rating(1.0, status="strange"))
