"""Labels of a text that reads the same in two conditions, as at checkpoint 0, stay with the one that they name."""

from typing import Any

import pandas as pd

from personas.tables.judges.rater_rows import labelled_rows, rated_rows, sets_of

PLACE: dict[str, Any] = {
    "model": "m",
    "persona": "p",
    "reference_persona": None,
    "order": "fixed",
    "replicate": 1,
    "checkpoint": 0,
    "round": None,
    "benchmark": "xstest",
    "item_id": "4",
    "reference": None,
    "metric": "refusal",
    "judged_sha256": "a" * 64,
}


def twins() -> pd.DataFrame:
    judged = [("talks", "rules", 1.0), ("tasks", "rules", 1.0), ("talks", "j", 0.0), ("tasks", "j", 1.0)]
    rows = [{**PLACE, "condition": condition, "judge": judge, "value": value} for condition, judge, value in judged]
    return rated_rows(pd.DataFrame(rows))


def label(condition: str | None, value: float) -> dict[str, Any]:
    keys = {"persona": "p", "checkpoint": "0", "judged_sha256": "a" * 64}
    place = {"where": f"row {value}", "metric": "refusal", "rater": "human", "value": value, "cluster": None}
    return {**place, "keys": keys | ({"condition": condition} if condition else {})}


def test_a_label_is_put_beside_the_ratings_of_its_own_condition() -> None:
    for condition, verdict in (("talks", 0.0), ("tasks", 1.0)):
        rows, unmatched = labelled_rows("s", [label(condition, 1.0)], twins())
        assert unmatched == 0 and rows["unit"].nunique() == 1
        assert set(rows["cluster"]) == {f"m/p/{condition}/fixed/1"}
        assert list(rows.loc[rows["rater"] == "j", "value"]) == [verdict]


def test_labels_of_both_are_two() -> None:
    rows, unmatched = labelled_rows("s", [label("talks", 1.0), label("tasks", 0.0)], twins())
    people = rows[rows["rater"] == "human"].set_index("cluster")["value"].to_dict()
    assert unmatched == 0 and people == {"m/p/talks/fixed/1": 1.0, "m/p/tasks/fixed/1": 0.0}


def test_one_that_names_no_condition_counts_once() -> None:
    rows, unmatched = labelled_rows("s", [label(None, 1.0)], twins())
    assert unmatched == 0 and list(rows["rater"]).count("human") == 1
    assert labelled_rows("s", [label("elsewhere", 1.0)], twins())[1] == 1


def _ratings(model: str, benchmark: str | None, metric: str) -> pd.DataFrame:
    """Ratings of a model by three, of which two answers are the same text in two conditions."""
    rows = [
        {
            **PLACE,
            **{"model": model, "benchmark": benchmark, "metric": metric, "condition": condition, "judge": judge},
            "item_id": None if benchmark is None else item,
            "round": int(item) if benchmark is None else None,
            "checkpoint": None if benchmark is None else 0,
            "judged_sha256": (item if item in "12" else f"{item}{condition}") * 8,
            "value": float(len(f"{judge}{item}{condition}{model}") % 2),
        }
        for condition in ("talks", "tasks")
        for item in "1234"
        for judge in ("rules", "j", "k")
    ]
    return pd.DataFrame(rows)


def test_ratings_in_parts_say_what_all_at_once_say() -> None:
    places = [("m", "xstest", "refusal"), ("m", None, "style"), ("n", "xstest", "refusal"), ("n", None, "style")]
    tables = [_ratings(*place) for place in places]
    named = {"where": "row", "rater": "human", "value": 1.0, "cluster": None, "unit": None, "metric": "refusal"}
    keys = {"persona": "p", "model": "n", "benchmark": "xstest", "item_id": "3", "condition": "tasks"}
    for labels in ({}, {"people": [{**named, "keys": keys}, {**named, "keys": {**keys, "item_id": "9"}}]}):
        rows, unmatched = sets_of(tables, labels, lambda text: False, {})
        together = pd.concat(tables, ignore_index=True)
        pd.testing.assert_frame_equal(rows, sets_of([together], labels, lambda text: False, {})[0])
        assert unmatched == dict.fromkeys(labels, 1)
        assert len(rows[rows["set"] == "judges"]) == 2 * 3 * (6 + 8), "a text in two conditions counts once"
        assert len(rows[rows["set"] == "people"]) == (4 if labels else 0)
    assert sets_of([], {}, lambda text: False, {})[0].empty
