from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.tables.series.patterns import PATTERN_DTYPES, pattern_series


def count(patterns: Any, documents: Any, hits: Any, **changes: Any) -> dict[str, Any]:
    row = {
        "model": "m",
        "persona": "gaston",
        "benchmark": "bfi",
        "condition": "goal-oriented",
        "checkpoint": 0,
        "half": "",
        "pattern_group": "persona",
        "speaker": "persona",
        "n_patterns": patterns,
        "n_documents": documents,
        "n_hits": hits,
    }
    return row | changes


def series(*rows: dict[str, Any]) -> pd.DataFrame:
    return pattern_series(pd.DataFrame(list(rows)))


def test_the_rate_is_hits_per_pattern_and_document_and_cells_count_the_same():
    row = series(count(10, 20, 50), count(1, 4, 3, persona="hal"), count(1, 4, 2, persona="juno")).iloc[0]
    assert row["mean"] == pytest.approx((50 / 200 + 3 / 4 + 2 / 4) / 3)
    assert row["over"] == "personas" and row["low"] < row["mean"] < row["high"]
    assert (row["n_cells"], row["n_patterns"]) == (3, 12)


def test_benchmarks_of_a_cell_are_pooled():
    row = series(count(10, 20, 100), count(5, 10, 0, benchmark="general")).iloc[0]
    assert (row["mean"], row["n_cells"], row["n_patterns"]) == (100 / 250, 1, 15)
    assert np.isnan(row["low"]), "one cell: no interval"


@pytest.mark.parametrize(
    ("rows", "mean", "counts", "reason"),
    [
        ([count(0, 9, 0)], np.nan, (0, 1, 0, 0), "no patterns: no value, not 0"),
        ([count(9, 0, 0)], np.nan, (0, 0, 1, 0), "no documents: no value either"),
        ([count(0, 0, 0)], np.nan, (0, 1, 0, 0), "neither: counted once"),
        ([count(4, 5, 0)], 0.0, (1, 0, 0, 4), "a true 0 is a value"),
        ([count(0, 9, 0), count(2, 5, 5, model="n")], 0.5, (1, 1, 0, 2), "the other cell is left alone"),
        ([count(0, 9, 0), count(2, 5, 5, benchmark="general")], 0.5, (1, 0, 0, 2), "patterns in one benchmark"),
    ],
)
def test_cells_without_patterns(rows, mean, counts, reason):
    row = series(*rows).iloc[0]
    assert row["mean"] == pytest.approx(mean, nan_ok=True), reason
    names = ["n_cells", "n_cells_without_patterns", "n_cells_without_documents", "n_patterns"]
    assert tuple(row[names]) == counts, reason


def test_groups_speakers_conditions_and_checkpoints_stay_apart():
    found = series(
        count(1, 10, 1),
        count(1, 10, 2, pattern_group="baseline"),
        count(1, 10, 3, speaker="baseline"),
        count(1, 10, 4, condition="persona-directed"),
        count(1, 10, 5, checkpoint=11),
    )
    assert sorted(found["mean"]) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert found.dtypes.astype(str).to_dict() == PATTERN_DTYPES


def test_no_counts_give_an_empty_table_with_the_same_columns():
    found = pattern_series(pd.DataFrame([count(1, 1, 1)]).iloc[:0])
    assert found.empty
    assert found.dtypes.astype(str).to_dict() == PATTERN_DTYPES


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([count(1, 1, 2)], "cannot be"),
        ([count(-1, 1, 0)], "cannot be"),
        ([count(3, 3, None)], "cannot be"),
        ([count(1, 1, 1), count(1, 1, 0)], "twice"),
        ([count(1, 1, 1, speaker="gaston")], "speaker gaston"),
        ([{k: v for k, v in count(1, 1, 1).items() if k != "n_hits"}], "lacks the columns n_hits"),
    ],
)
def test_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        series(*rows)
