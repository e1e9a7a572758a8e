from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from personas.scoring.table import RATINGS_SCHEMA, ratings_table
from personas.tables.series.by_checkpoint import series_by_checkpoint
from personas.tables.series.rounds import ROUND_DTYPES, segments, series_by_round
from personas.tables.statuses import status_shares
from tests.unit.test_series import rating, table

STUDY = (0, 11, 22, 34, 45, 56, 68, 79, 90, 102)
NOTHING = {"benchmark": None, "checkpoint": None, "item_id": None}


def utterance(value: float | None, round_: int = 1, **changes: Any) -> dict[str, Any]:
    return rating(value, **{**NOTHING, "round": round_, "metric": "style", "judge": "jay", **changes})


def point(ratings: pd.DataFrame, checkpoints: tuple[int, ...] = (0,), **wanted: Any) -> pd.Series:
    series = series_by_round(ratings, checkpoints)
    for column, value in wanted.items():
        series = series[series[column] == value]
    assert len(series) == 1
    return series.iloc[0]


@pytest.mark.parametrize(
    ("checkpoints", "last", "expected", "reason"),
    [
        ((0, 3, 6), 6, [(1, 1), (2, 4), (5, 6)], "the demo: the last segment ends with the last round"),
        ((0, 3), 6, [(1, 1), (2, 4)], "later rounds are in no segment"),
        ((0,), 100, [(1, 1)], "the first round alone"),
        ((3, 6), 9, [(1, 4), (5, 7)], "without checkpoint 0 the first segment is longer"),
        ((0, 11, 22), 5, [(1, 1), (2, 5)], "checkpoints behind the end fall together"),
        ((), 5, [], "no checkpoints"),
    ],
)
def test_segments(checkpoints, last, expected, reason):
    assert segments(checkpoints, last) == expected, reason


def test_segments_of_the_study_are_those_of_its_notebook():
    """There rounds count from 0, and a point is the mean over (previous index, index]."""
    indices = [0, 11, 22, 34, 45, 56, 68, 79, 90, 101]
    found = segments(STUDY, 102)
    assert [last - 1 for _, last in found] == indices
    assert [first - 2 for first, _ in found] == [-1, *indices[:-1]]


def test_orders_and_replicates_are_averaged_within_the_cell():
    ratings = table(
        utterance(5.0),
        utterance(1.0, order="shuffled"),
        utterance(3.0, replicate=1),
        utterance(4.0, model="n"),
        utterance(3.5, model="o"),
    )
    row = point(ratings, smoothing="none")
    assert (row["mean"], row["n_cells"], row["n_scored"], row["n_planned"]) == (3.5, 3, 5, 5)
    assert row["over"] == "models" and row["low"] < 3.5 < row["high"]


def test_a_cell_of_the_baseline_is_a_model_and_the_persona_it_is_judged_as():
    base: dict[str, Any] = {"persona": "baseline"}
    ratings = table(
        utterance(1.0, **base, reference_persona="gaston"),
        utterance(2.0, **base, reference_persona="gaston", order="shuffled"),
        utterance(3.5, **base, reference_persona="hal"),
        utterance(5.0),
    )
    row = point(ratings, smoothing="none", group="baseline")
    assert (row["mean"], row["n_cells"], row["n_scored"]) == (2.5, 2, 3)
    assert point(ratings, smoothing="none", group="persona")["mean"] == 5.0


def test_the_smoothed_value_is_the_mean_of_the_rounds_since_the_last_checkpoint():
    values = (5.0, 4.0, 3.0, 2.0, 1.0, 2.0)
    series = series_by_round(table(*(utterance(value, at) for at, value in enumerate(values, 1))), (0, 3, 6))
    smooth = series[series["smoothing"] == "segment"]
    assert smooth[["first_round", "round", "mean", "n_planned"]].values.tolist() == [
        [1, 1, 5.0, 1],
        [2, 4, 3.0, 3],
        [5, 6, 1.5, 2],
    ]
    raw = series[series["smoothing"] == "none"]
    assert raw["mean"].tolist() == list(values)
    assert raw["first_round"].tolist() == raw["round"].tolist() == [1, 2, 3, 4, 5, 6]


def test_in_a_segment_each_round_of_a_cell_counts_once():
    ratings = table(
        utterance(3.0, 1),
        utterance(1.0, 2),
        utterance(1.0, 2, order="shuffled"),
        utterance(5.0, 3),
        utterance(None, 3, order="shuffled", status="judge_unparsed"),
    )
    row = point(ratings, (0, 2), smoothing="segment", round=3)
    assert (row["mean"], row["n_scored"], row["n_planned"]) == (3.0, 3, 4)


def test_a_cell_without_value_in_one_round_still_counts_in_the_segment():
    ratings = table(utterance(1.0, 1), utterance(4.0, 2), utterance(None, 3), utterance(1.0, 1, model="n"))
    row = point(ratings, (0, 2), smoothing="segment", round=3)
    assert (row["mean"], row["n_cells"], row["n_scored"], row["n_planned"]) == (4.0, 1, 1, 2)


def test_all_unparsed_keeps_its_points_without_values():
    series = series_by_round(table(utterance(None, 1, status="judge_unparsed"), utterance(None, 2)), (0, 2))
    assert series["mean"].isna().all() and series["low"].isna().all()
    assert series["n_cells"].tolist() == [0] * 4
    assert series["n_planned"].tolist() == [1] * 4


def test_metrics_and_judges_stay_apart():
    ratings = table(utterance(1.0), utterance(2.0, judge="kay"), utterance(3.0, metric="knowledge"))
    assert point(ratings, (), judge="kay")["mean"] == 2.0
    assert point(ratings, (), metric="knowledge")["mean"] == 3.0


def test_one_hundred_rounds_and_one_checkpoint():
    series = series_by_round(table(*(utterance(at % 5 + 1.0, at) for at in range(1, 101))), (0,))
    assert series["smoothing"].value_counts().to_dict() == {"none": 100, "segment": 1}
    assert series["n_cells"].eq(1).all() and series["low"].isna().all(), "one cell: no interval"


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        (table(rating(1.0, round=None)), "answers to items only"),
        (table(utterance(1.0)).iloc[:0], "no rows"),
    ],
)
def test_nothing_judged_gives_an_empty_table(ratings, reason):
    series = series_by_round(ratings, STUDY)
    assert series.empty, reason
    assert series.dtypes.astype(str).to_dict() == ROUND_DTYPES


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        (table(utterance(1.0), utterance(2.0)), "rated twice"),
        (table(rating(1.0)), "lacks the columns round"),
        (table(utterance(1.0, judge=None)), "names no judge"),
    ],
)
def test_refused(ratings, message):
    with pytest.raises(ValueError, match=message):
        series_by_round(ratings, STUDY)


def test_neither_row_order_nor_column_types_change_a_bit():
    rng = np.random.default_rng(3)
    ratings = table(
        *(
            utterance(rng.random(), at, model=f"m{model}", order=order)
            for model in range(5)
            for at in range(1, 8)
            for order in ("fixed", "shuffled")
        ),
        rating(1.0, round=None),
    )
    series = series_by_round(ratings, (0, 3, 7))
    assert series.dtypes.astype(str).to_dict() == ROUND_DTYPES
    for other in (ratings.sample(frac=1, random_state=1), ratings.convert_dtypes(dtype_backend="pyarrow")):
        pd.testing.assert_frame_equal(series, series_by_round(other, (0, 3, 7)), check_exact=True)


def test_tables_of_answers_and_of_utterances_are_read_together_from_files(tmp_path):
    """The job concatenates files whose columns may hold nothing but nulls."""
    assert RATINGS_SCHEMA.names[RATINGS_SCHEMA.names.index("checkpoint") + 1] == "round"
    parts = []
    for name, rows in (("answers", [rating(1.0), rating(9.0, metric="words")]), ("utterances", [utterance(4.0)])):
        pq.write_table(ratings_table(rows), tmp_path / name)
        parts.append(pd.read_parquet(tmp_path / name))
    ratings = pd.concat(parts, ignore_index=True)
    assert series_by_round(ratings, (0,))["mean"].tolist() == [4.0, 4.0]
    assert series_by_checkpoint(ratings)["mean"].tolist() == [1.0, 9.0]
    assert status_shares(ratings)["n"].tolist() == [1, 1]
