from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from personas.benchmarks.panel import Panel
from personas.stats.panels import OVERVIEW
from personas.tables.series.by_checkpoint import SERIES_DTYPES, series_by_checkpoint
from personas.tables.statuses import answer_status_shares

LOOSE = OVERVIEW[0]


def rating(value: float | None, **changes: Any) -> dict[str, Any]:
    row = {
        "model": "m",
        "persona": "gaston",
        "is_baseline": changes.get("persona") == "baseline",
        "reference_persona": None,
        "condition": "goal-oriented",
        "order": "fixed",
        "replicate": 0,
        "checkpoint": 0,
        "benchmark": "ifbench",
        "metric": "loose",
        "item_id": "1",
        "label": None,
        "judge": None,
        "reference": None,
        "status": "ok",
        "value": value,
        "cut": None,
    }
    return row | changes


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows)).astype({"value": "float64"})


def point(ratings: pd.DataFrame, panel: Panel = LOOSE, **wanted: Any) -> pd.Series:
    series = series_by_checkpoint(ratings, [panel])
    for column, value in wanted.items():
        series = series[series[column] == value]
    assert len(series) == 1
    return series.iloc[0]


def test_a_cell_counts_once_however_many_items_it_has():
    ratings = table(
        *(rating(1.0, item_id=str(item)) for item in range(9)),  # first cell: 9 of 9
        rating(0.0, persona="hal"),  # second cell: 0 of 1
        *(rating(float(item < 1), item_id=str(item), persona="juno") for item in range(2)),  # third: 1 of 2
    )
    row = point(ratings)
    assert row["mean"] == 0.5 and 0.0 <= row["low"] < 0.5 < row["high"] <= 1.0
    assert row["over"] == "personas, items"
    assert (row["n_cells"], row["n_items_scored"], row["n_items_planned"]) == (3, 12, 12)


def test_with_two_personas_the_band_is_over_items():
    drawing = np.random.default_rng(1)
    right = {who: drawing.integers(0, 2, 30) for who in ("gaston", "hal")}
    ratings = table(
        *(rating(float(v), item_id=str(n), persona=who) for who, found in right.items() for n, v in enumerate(found))
    )
    row = point(ratings)
    each = np.mean(list(right.values()), axis=0)
    assert row["over"] == "items"
    assert row["high"] - row["mean"] == pytest.approx(stats.t.ppf(0.975, 29) * stats.sem(each))


def test_replicates_and_orders_are_averaged_within_the_cell():
    ratings = table(rating(1.0), rating(0.0, replicate=1), rating(0.0, order="shuffled"), rating(1.0, model="n"))
    row = point(ratings)
    assert row["mean"] == pytest.approx((1 / 3 + 1) / 2)
    assert row["n_cells"] == 2


@pytest.mark.parametrize(
    ("values", "mean", "counts", "reason"),
    [
        ([1.0, None], 1.0, (1, 1, 2), "a missing rating is left out, not 0"),
        ([None, None], np.nan, (0, 0, 2), "a point without ratings stays, as a gap"),
        ([0.0, 0.0], 0.0, (1, 2, 2), "a true 0 is a value"),
    ],
)
def test_gaps(values, mean, counts, reason):
    row = point(table(*(rating(value, item_id=str(item)) for item, value in enumerate(values))))
    assert row["mean"] == pytest.approx(mean, nan_ok=True), reason
    assert (row["n_cells"], row["n_items_scored"], row["n_items_planned"]) == counts, reason
    assert np.isnan(row["low"]), "one cell or none: no interval"
    assert np.isnan(row["high"])


def test_a_cell_without_ratings_leaves_the_others_alone():
    row = point(table(rating(1.0), rating(0.0, model="n"), rating(None, persona="hal")))
    assert (row["mean"], row["n_cells"], row["n_items_planned"]) == (0.5, 2, 3)


def test_baseline_conditions_and_checkpoints_stay_apart():
    ratings = table(
        rating(1.0),
        rating(0.0, persona="baseline"),
        rating(0.25, condition="persona-directed"),
        rating(0.75, checkpoint=11),
    )
    assert point(ratings, group="baseline")["mean"] == 0.0
    assert point(ratings, condition="persona-directed")["mean"] == 0.25
    assert point(ratings, checkpoint=11)["mean"] == 0.75
    assert point(ratings, condition="goal-oriented", group="persona", checkpoint=0)["mean"] == 1.0


@pytest.mark.parametrize(
    ("slug", "mean", "reason"),
    [
        ("ifbench-accuracy", 1.0, "loose only, strict is another metric"),
        ("refusal-unsafe", 0.9, "unsafe prompts only"),
        ("refusal-safe", 0.1, "safe prompts only"),
        ("words", 30.0, "all benchmarks in one mean, labelled or not"),
    ],
)
def test_each_panel_takes_its_own_ratings(slug, mean, reason):
    refusal = {"benchmark": "xstest", "metric": "refusal", "judge": "rules"}
    ratings = table(
        rating(1.0),
        rating(0.0, metric="strict"),
        rating(0.9, label="unsafe", **refusal),
        rating(0.1, label="safe", item_id="2", **refusal),
        rating(20.0, metric="words"),
        rating(40.0, metric="words", benchmark="xstest", label="safe"),
    )
    panel = next(panel for panel in OVERVIEW if panel.slug == slug)
    assert point(ratings, panel)["mean"] == mean, reason


WORDS = next(panel for panel in OVERVIEW if panel.slug == "words")


def words(value: float | None, benchmark: str, persona: str = "gaston", item: str = "1") -> dict[str, Any]:
    return rating(value, metric="words", benchmark=benchmark, persona=persona, item_id=item)


def test_benchmarks_weigh_alike_on_both_sides_however_many_items_they_have():
    """By items the baseline would seem to say more: it is asked both personas' items of the long benchmark."""
    ratings = table(
        *(words(10.0, "xstest", who) for who in ("gaston", "baseline")),
        words(40.0, "general"),
        *(words(30.0, "general", "baseline", item) for item in ("1", "2", "3")),
    )
    assert point(ratings, WORDS, group="persona")["mean"] == 25.0
    assert point(ratings, WORDS, group="baseline")["mean"] == 20.0


def test_a_benchmark_of_one_side_only_is_in_no_pooled_panel():
    ratings = table(words(10.0, "xstest"), words(12.0, "xstest", "baseline"), words(90.0, "mine", "baseline"))
    assert point(ratings, WORDS, group="baseline")["mean"] == 12.0


def test_a_cell_that_lacks_a_benchmark_at_a_point_has_no_pooled_value():
    ratings = table(
        *(words(10.0, name, who) for name in ("xstest", "general") for who in ("gaston", "baseline")),
        *(words(value, name, "hal") for name, value in (("xstest", 90.0), ("general", None))),
    )
    found = point(ratings, WORDS, group="persona")
    assert (found["mean"], found["n_cells"]) == (10.0, 1)


def test_panels_come_in_the_given_order_and_columns_are_typed():
    series = series_by_checkpoint(table(rating(5.0, metric="words"), rating(1.0)))
    assert series["panel"].tolist() == ["ifbench-accuracy", "words"]
    assert series.dtypes.astype(str).to_dict() == SERIES_DTYPES


def test_no_ratings_give_an_empty_table_with_the_same_columns():
    series = series_by_checkpoint(table(rating(1.0)).iloc[:0])
    assert len(series) == 0
    assert series.dtypes.astype(str).to_dict() == SERIES_DTYPES


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_nullable_column_types_change_nothing(backend):
    ratings = table(rating(1.0), rating(None, item_id="2"), rating(0.5, model="n"), rating(0.0, persona="baseline"))
    pd.testing.assert_frame_equal(
        series_by_checkpoint(ratings.convert_dtypes(dtype_backend=backend)), series_by_checkpoint(ratings)
    )


def test_row_order_changes_no_bit():
    rng = np.random.default_rng(3)
    ratings = table(
        *(
            rating(rng.random(), model=f"m{model}", item_id=str(item), checkpoint=checkpoint)
            for model in range(5)
            for item in range(7)
            for checkpoint in (0, 11)
        )
    )
    shuffled = ratings.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(series_by_checkpoint(ratings), series_by_checkpoint(shuffled), check_exact=True)


@pytest.mark.parametrize(
    ("ratings", "message", "reason"),
    [
        (table(rating(1.0), rating(0.0)), "rated twice", "one answer must not count double"),
        (
            table(rating(1.0, judge="a"), rating(0.0, judge="b", item_id="2")),
            "mixes the judges a, b",
            "judges differ: their mean is neither's",
        ),
        (table(rating(1.0)).drop(columns="label"), "lacks the columns label", "an older table"),
    ],
)
def test_refused(ratings, message, reason):
    with pytest.raises(ValueError, match=message):
        series_by_checkpoint(ratings)


def test_a_panel_can_name_its_judge():
    ratings = table(rating(1.0, judge="a"), rating(0.0, judge="b"))
    assert point(ratings, Panel("p", "P", "u", "loose", judge="b"))["mean"] == 0.0


def test_status_shares_count_answers_not_ratings():
    words = {"metric": "words"}
    shares = answer_status_shares(
        table(
            rating(12.0, **words),
            rating(7.0, item_id="2", condition="persona-directed", **words),
            rating(None, item_id="3", status="api_error", **words),
            rating(None, item_id="4", status="empty", **words),
            rating(None, item_id="1", status="unscorable"),  # a rating's status, not an answer's
            rating(9.0, checkpoint=11, status="truncated", **words),
        )
    )
    found = {(row.checkpoint, row.status): (row.n_answers, row.n_planned, row.share) for row in shares.itertuples()}
    assert found == {
        (0, "ok"): (2, 4, 0.5),
        (0, "api_error"): (1, 4, 0.25),
        (0, "empty"): (1, 4, 0.25),
        (11, "truncated"): (1, 1, 1.0),
    }


def test_status_shares_of_nothing():
    assert answer_status_shares(table(rating(1.0))).empty
