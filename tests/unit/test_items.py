"""Items: how much each changed, refusals by type and focus, and the answers behind the largest changes."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.benchmarks.panel import Panel
from personas.pages.changed_items import LONGEST, SHOWN, changed_page
from personas.stats.measures import of_panel
from personas.tables.items.changes import changed_items, item_changes, item_values
from personas.tables.items.safety import SAFETY_DTYPES, safety
from personas.tables.items.texts import TEXT_DTYPES, changed_texts, most_changed
from tests.unit.test_series import rating, table

UNSAFE = of_panel(
    Panel("xstest-refusal-unsafe-by-jay", "", "", "refusal", "xstest", label="unsafe", judge="jay", better="higher")
)
WIN = of_panel(Panel("general-win-dataset-by-jay", "", "", "win", "general", judge="jay", reference="dataset"))
ABOUT: dict[str, dict[str, dict[str, Any]]] = {
    "xstest": {
        "1": {"label": "unsafe", "type": "homonyms", "focus": "kill", "prompt": "How to kill?"},
        "2": {"label": "unsafe", "type": "homonyms", "focus": "rob", "prompt": "How to rob?"},
        "3": {"label": "unsafe", "type": "history", "focus": None, "prompt": "Who fell?"},
    }
}
ORDER = ["a", "b"]


def refusal(value: float | None, **changes: Any) -> dict[str, Any]:
    at = {"benchmark": "xstest", "metric": "refusal", "label": "unsafe", "judge": "jay", "condition": "a"}
    return rating(value, **{**at, **changes})


def changes(*rows: dict[str, Any], measure: Any = UNSAFE) -> pd.DataFrame:
    return item_changes(item_values(table(*rows), measure), ORDER)


def of(found: pd.DataFrame, contrast: str, **wanted: Any) -> pd.DataFrame:
    found = found[found["contrast"] == contrast]
    for column, value in wanted.items():
        found = found[found[column] == value]
    return found


def test_length_is_last_minus_first_of_the_same_pair_item_and_condition():
    found = changes(
        refusal(0.0, checkpoint=0),
        refusal(0.0, checkpoint=11),
        refusal(1.0, checkpoint=102),
        refusal(1.0, checkpoint=0, persona="hal"),
        refusal(0.0, checkpoint=102, persona="hal"),
        refusal(1.0, checkpoint=0, condition="b"),
        refusal(1.0, checkpoint=102, condition="b"),
    )
    lengths = of(found, "length").set_index(["persona", "condition"])["change"]
    assert lengths.to_dict() == {("gaston", "a"): 1.0, ("gaston", "b"): 0.0, ("hal", "a"): -1.0}


def test_orders_and_replicates_are_averaged_before_the_difference():
    found = changes(refusal(1.0), refusal(0.0, replicate=1), refusal(1.0, checkpoint=9))
    assert of(found, "length")["change"].to_list() == [0.5]


def test_conditions_are_compared_at_the_last_checkpoint_in_the_order_of_the_config():
    found = changes(
        refusal(1.0, condition="b"),
        refusal(0.0),
        refusal(0.0, condition="b", checkpoint=9),
        refusal(1.0, checkpoint=9),
    )
    row = of(found, "condition").iloc[0]
    assert (row["condition"], row["change"]) == ("a-b", 1.0)


def test_a_baseline_of_nobody_is_paired_with_every_persona_of_its_model_only():
    found = changes(
        refusal(1.0), refusal(0.0, persona="hal"), refusal(1.0, persona="baseline"), refusal(0.0, model="n")
    )
    rows = of(found, "personalization").set_index(["model", "persona"])["change"]
    assert rows[("m", "gaston")] == 0.0 and rows[("m", "hal")] == -1.0
    assert np.isnan(rows[("n", "gaston")]), "no baseline of that model: a gap that is counted"


def test_a_baseline_asked_in_place_of_a_persona_is_paired_with_that_one():
    def win(value: float, **more: Any) -> dict[str, Any]:
        return rating(
            value, **{"benchmark": "general", "metric": "win", "judge": "jay", "reference": "dataset", **more}
        )

    rows = [win(1.0), win(1.0, persona="hal")]
    rows += [win(v, persona="baseline", reference_persona=p) for p, v in (("gaston", 0.0), ("hal", 1.0))]
    found = of(changes(*rows, measure=WIN), "personalization").set_index("persona")["change"]
    assert found.to_dict() == {"gaston": 1.0, "hal": 0.0}


@pytest.mark.parametrize(
    ("rows", "lacking", "reason"),
    [
        ([refusal(1.0)], {"length", "condition", "personalization"}, "one checkpoint, one condition, no baseline"),
        ([refusal(1.0), refusal(1.0, checkpoint=9)], {"condition", "personalization"}, "one condition"),
        ([refusal(1.0), refusal(1.0, condition="b")], {"length", "personalization"}, "one checkpoint"),
        ([], {"length", "condition", "personalization"}, "nothing"),
    ],
)
def test_a_contrast_that_the_grid_lacks_has_no_rows(rows, lacking, reason):
    empty = table(refusal(1.0)).iloc[:0]
    found = item_changes(item_values(table(*rows) if rows else empty, UNSAFE), ORDER)
    assert {"length", "condition", "personalization"} - set(found["contrast"]) == lacking, reason


def test_the_mean_change_of_an_item_counts_pairs_without_one():
    rows = [refusal(0.0, persona=p) for p in ("gaston", "hal", "juno")]
    rows += [refusal(v, persona=p, checkpoint=9) for p, v in (("gaston", 1.0), ("hal", 0.0), ("juno", None))]
    rows += [refusal(0.0, item_id="2"), refusal(0.0, item_id="2", checkpoint=9)]
    found = changed_items([(UNSAFE, changes(*rows))], ABOUT)
    assert found["item_id"].to_list() == ["1", "2"], "the largest change first"
    row = found.iloc[0]
    assert (row["change"], row["n"], row["n_missing"]) == (0.5, 2, 1)
    assert (row["type"], row["focus"], row["prompt"]) == ("homonyms", "kill", "How to kill?")


def by(kind: str, *rows: dict[str, Any]) -> pd.DataFrame:
    found = safety([(UNSAFE, item_values(table(*rows), UNSAFE))], ABOUT, kind, ORDER)
    assert list(found.columns) == list(SAFETY_DTYPES)
    return found


def three(values: list[float | None], **more: Any) -> list[dict[str, Any]]:
    return [refusal(value, item_id=str(item), **more) for item, value in enumerate(values, start=1)]


def test_items_are_grouped_by_type():
    found = by("type", *three([1.0, 0.0, 1.0]))
    assert found.set_index("type")["mean"].to_dict() == {"homonyms": 0.5, "history": 1.0}
    assert set(found["quantity"]) == {"first"} and found["focus"].isna().all()


def test_an_item_without_a_focus_is_kept_under_its_type():
    found = by("focus", *three([1.0, 0.0, 1.0]))
    named = {(str(row["focus"]), str(row["type"])): row["mean"] for row in found.to_dict("records")}
    assert named == {("kill", "nan"): 1.0, ("rob", "nan"): 0.0, ("nan", "history"): 1.0}
    assert found["n_items"].sum() == 3, "none is lost"


def test_a_change_of_a_type_takes_items_with_both_values_and_counts_the_others():
    rows = [*three([0.0, 0.0, 0.0]), *three([1.0, None, 0.0], checkpoint=9)]
    row = by("type", *rows).query("quantity == 'length' and type == 'homonyms'").iloc[0]
    assert (row["mean"], row["n_items"], row["n_scored"], row["n_planned"]) == (1.0, 2, 1, 2)


def test_intervals_run_over_pairs_and_a_pair_without_a_value_is_counted():
    rows = [row for p, v in (("gaston", 1.0), ("hal", 0.0), ("juno", None)) for row in three([v] * 3, persona=p)]
    row = by("type", *rows).query("type == 'history'").iloc[0]
    assert (row["mean"], row["over"]) == (0.5, "") and np.isnan(row["low"]), "two personas and one item"
    assert (row["n_pairs"], row["n_missing"], row["n_scored"], row["n_planned"]) == (2, 1, 2, 3)


def test_the_baseline_has_its_own_rates():
    rows = [*three([1.0] * 3), *three([0.0] * 3, persona="baseline")]
    found = by("type", *rows)
    levels = found[(found["quantity"] == "first") & (found["type"] == "history")].set_index("group")["mean"]
    assert levels.to_dict() == {"baseline": 0.0, "persona": 1.0}
    assert found[(found["quantity"] == "personalization") & (found["type"] == "history")]["mean"].to_list() == [1.0]


ANSWERED = ["model", "persona", "condition", "order", "replicate", "checkpoint", "benchmark", "item_id"]


def texts(*rows: dict[str, Any], most: int = 10, **answers: Any) -> pd.DataFrame:
    ratings = table(*rows)
    chosen = most_changed(changed_items([(UNSAFE, changes(*rows))], ABOUT), [UNSAFE["measure"]], most)
    said = ratings[ANSWERED].assign(answer="Sure.", status="ok", **answers)
    return changed_texts(chosen, [(UNSAFE, ratings)], said)


def test_answers_of_pairs_whose_verdict_changed_are_shown_both():
    rows = [
        refusal(1.0),
        refusal(0.0, checkpoint=9),
        refusal(1.0, persona="hal"),
        refusal(1.0, persona="hal", checkpoint=9),
    ]
    found = texts(*rows)
    assert found[["persona", "checkpoint", "value"]].to_numpy().tolist() == [["gaston", 0, 1.0], ["gaston", 9, 0.0]]
    assert set(found["prompt"]) == {"How to kill?"} and set(found["rank"]) == {1}


def test_a_pair_without_a_verdict_is_shown_with_its_statuses():
    rows = [refusal(1.0), refusal(0.0, checkpoint=9)]
    rows += [refusal(1.0, persona="hal"), refusal(None, persona="hal", checkpoint=9, status="judge_unparsed")]
    found = texts(*rows).query("persona == 'hal'")
    assert found["verdict"].to_list() == ["ok", "judge_unparsed"] and found["value"].isna().to_list() == [False, True]


def test_two_benchmarks_may_have_an_item_of_the_same_id():
    ours = {**UNSAFE, "measure": "mine-refusal-unsafe-by-jay", "benchmark": "mine"}
    rows = [refusal(v, checkpoint=t, benchmark=b) for b in ("xstest", "mine") for t, v in ((0, 1.0), (9, 0.0))]
    changed = changed_items(
        [(measure, changes(*rows, measure=measure)) for measure in (UNSAFE, ours)], ABOUT | {"mine": ABOUT["xstest"]}
    )
    ratings = table(*rows)
    said = ratings[ANSWERED].assign(answer=ratings["benchmark"] + " answers", status="ok")
    measured = [(m, ratings[ratings["benchmark"] == m["benchmark"]]) for m in (UNSAFE, ours)]
    found = changed_texts(most_changed(changed, [UNSAFE["measure"], ours["measure"]]), measured, said)
    assert found.groupby("measure")["answer"].unique().map(list).to_dict() == {
        UNSAFE["measure"]: ["xstest answers"],
        ours["measure"]: ["mine answers"],
    }


def test_only_the_items_that_changed_most_are_shown():
    rows = [*three([1.0, 0.0, 0.0]), *three([0.0, 0.0, 1.0], checkpoint=9)]
    assert texts(*rows)["item_id"].unique().tolist() == ["1", "3"], "one did not change"
    assert texts(*rows, most=1)["item_id"].unique().tolist() == ["1"], "of equal changes the smaller id"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([refusal(1.0), refusal(1.0, checkpoint=9)], "nothing changed"),
        ([refusal(1.0)], "one checkpoint"),
        ([refusal(None), refusal(None, checkpoint=9)], "no verdict at all"),
    ],
)
def test_where_nothing_changed_there_is_nothing_to_show(rows, reason):
    found = texts(*rows)
    assert len(found) == 0 and list(found.columns) == list(TEXT_DTYPES), reason
    assert "No item" in changed_page(found, note="A note."), reason


def test_an_answer_that_is_there_twice_is_refused():
    rows = [refusal(1.0), refusal(0.0, checkpoint=9)]
    ratings = table(*rows)
    chosen = most_changed(changed_items([(UNSAFE, changes(*rows))], ABOUT), [UNSAFE["measure"]])
    said = pd.concat([ratings[ANSWERED]] * 2).assign(answer="Sure.", status="ok")
    with pytest.raises(pd.errors.MergeError):
        changed_texts(chosen, [(UNSAFE, ratings)], said)


def test_the_page_cuts_long_answers_escapes_all_and_says_what_is_left_out():
    rows = [refusal(v, persona=f"p{n}", checkpoint=t) for n in range(SHOWN + 2) for t, v in ((0, 1.0), (9, 0.0))]
    ratings = table(*rows)
    chosen = most_changed(changed_items([(UNSAFE, changes(*rows))], ABOUT), [UNSAFE["measure"]])
    said = ratings[ANSWERED].assign(answer="<i>" + "x" * LONGEST, status="ok")
    said.loc[said["checkpoint"] == 9, ["answer", "status"]] = [None, "blocked"]
    text = changed_page(changed_texts(chosen, [(UNSAFE, ratings)], said), note=None)
    assert text.count("&lt;i&gt;xx") == SHOWN and "<i>" not in text
    assert "[… 3 more characters]" in text and "2 more pairs in the table" in text
    assert text.count("no text: blocked") == SHOWN
