"""Calibration over a whole tiny study: planned when asked for, samples, labels that find their texts, the table."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from personas.core.errors import UserError
from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan, plan_file, read
from personas.scoring.samples.sample import Text, draw, third
from personas.scoring.units import PLACE, unit_of, units_of
from personas.tables.judges.rater_rows import JUDGES
from personas.workflow.artefacts import downstream
from tests.completions import put_completions
from tests.helpers import JUDGE, FakeServer, Outcome, Project, answer
from tests.helpers import make as make_one

ONLY_STYLE = {"judges/j/utterances": ["style"], "judges/j/benchmarks": ["xstest"]}
TWO = {"judges/k": {**JUDGE, "utterances": ["style"], "benchmarks": ["xstest"]}, "judges/k/model/id": "org/other"}


def verdict(body: dict[str, Any]) -> Outcome | None:
    """Let judges rate by a hash of what they read, each its own way; half of all answers refuse."""
    prompt = body["messages"][-1]["content"]
    mark = hashlib.sha256((body["model"] + prompt).encode()).digest()[0]
    if "response_format" in body:
        found: Any = ("yes" if mark % 2 else "no") if '"yes"' in json.dumps(body["response_format"]) else mark % 5 + 1
        return answer(json.dumps({"reasoning": "So.", "verdict": found}))
    return answer(f"I can't help with {mark}." if mark % 2 else f"Gladly: {mark} {len(body['messages'])}.")


@pytest.fixture
def two(judged: Project, server: FakeServer) -> Project:
    """The tiny study with two judges of styles and refusals."""
    server.decide = verdict
    address = {"judges/k/model/base_url": server.base_url}
    return judged.set({**ONLY_STYLE, **TWO, **address, "benchmarks/bfi": None, "calibration": {}})


def planned(project: Project) -> dict[str, Artefact]:
    return {made.plain_outputs[0]: made for made in downstream(project.grid())}


def of_calibration(project: Project) -> set[str]:
    return {name for name in planned(project) if "calibration" in name or "agreement" in name or "annotation" in name}


def make(frozen: FrozenPlan, *names: str) -> list[Path]:
    """Make what the named artefacts need and then these, as their rules do; return their first files."""
    by_name = {made.plain_outputs[0]: made for made in frozen.artefacts}
    made = []
    for name in [*(n for n in by_name if n.startswith("tables/ratings")), *names]:
        output = by_name[name].outputs[0]
        (frozen.results / output).parent.mkdir(parents=True, exist_ok=True)
        made.append(make_one(frozen, by_name[name]))
    return made[-len(names) :]


def pairs(found: pd.DataFrame, *keys: str) -> dict[tuple[str, ...], dict[Any, Any]]:
    """Return the rows of a table by some of their columns."""
    return {tuple(str(row[key]) for key in keys): row for row in found.to_dict("records")}


def table(frozen: FrozenPlan) -> pd.DataFrame:
    [path] = make(frozen, "tables/calibration.parquet")
    return pd.read_parquet(path)


def test_nothing_is_planned_without_the_section(project: Project) -> None:
    before = {name: made.outputs for name, made in planned(project.set({"judges/j": JUDGE})).items()}
    assert not [name for name in before if "calibration" in name or "judge-agreement" in name or "annotation" in name]


def test_judges_are_compared_where_two_raters_rate_the_same(two: Project) -> None:
    agreement = {f"tables/xstest-agreement-with-{judge}.parquet" for judge in "jk"}
    tables = {"tables/calibration.parquet"}
    assert of_calibration(two) == {*tables, "figures/judge-agreement.pdf", *agreement}
    alone = two.set({"judges/k": None, "judges/j/benchmarks": []})
    assert of_calibration(alone) == set()


def write(project: Project, *rows: str, name: str = "labels.csv") -> str:
    (project.folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return name


def test_an_edit_of_labels_renames_their_table_and_figures_only(two: Project) -> None:
    two.set({"calibration/labels/mine": {"file": write(two, "unit,label", "u,5"), "metric": "style"}})
    before = planned(two)
    write(two, "unit,label", "u,4")
    after = planned(two)
    changed = {name for name in before if before[name].outputs != after[name].outputs}
    assert changed == {
        "tables/calibration.parquet",
        "tables/reliability.parquet",
        "figures/judge-agreement.pdf",
        "figures/judge-agreement-mine.pdf",
        *(name for name, artefact in after.items() if "judges" in artefact.spec or name == "report/card-alpha.html"),
    }
    write(two, "unit,label", "u,5", name="moved.csv")
    moved = planned(two.set({"calibration/labels/mine/file": "moved.csv"}))
    assert {name for name in before if before[name].outputs != moved[name].outputs} == set(), "by content"


def test_a_mistake_in_labels_is_found_when_the_study_is_read(two: Project) -> None:
    two.set({"calibration/labels/mine": {"file": write(two, "unit,label", "u,9"), "metric": "style"}})
    with pytest.raises(UserError, match=r"labels\.csv, row 1: field 'label' is \"9\""):
        two.grid()


def test_labels_travel_in_the_frozen_plan(two: Project) -> None:
    two.set({"calibration/labels/mine": {"file": write(two, "unit,label", "u,5"), "metric": "style"}})
    frozen = two.frozen()
    (two.folder / "labels.csv").unlink()
    known = read(plan_file(two.results, frozen.run.id)).study
    assert known.human == frozen.study.human and known.human["mine"][0].value == 5.0


def test_judges_against_each_other(two: Project) -> None:
    made = table(two.run())
    found = pairs(made, "metric", "rater_a", "rater_b")
    assert sorted(found) == [
        ("refusal", "j", "k"),
        ("refusal", "rules", "j"),
        ("refusal", "rules", "k"),
        ("style", "j", "k"),
    ]
    assert (made["set"] == JUDGES).all() and (made["n"] > 0).all() and (made["n"] == made["n_a"]).all()
    style = found["style", "j", "k"]
    assert sum(map(sum, json.loads(style["confusion"]))) == style["n"]
    assert style["kappa_low"] <= style["kappa"] <= style["kappa_high"] and style["mae"] > 0
    refusal = found["refusal", "j", "k"]
    assert pd.isna(refusal["mae"]) and pd.isna(refusal["within_one"]), "labels have no distance"


def test_an_answer_that_stands_in_two_places_counts_once(two: Project) -> None:
    """At checkpoint 0 the answer to an item is one request, whatever the condition: 3 speakers, 2 items."""
    found = pairs(table(two.set({"checkpoints": [0]}).run()), "metric", "rater_a", "rater_b")
    assert found["refusal", "rules", "j"]["n"] == 3 * 2


def sample(two: Project, metric: str = "style", n: int = 20, **more: Any) -> pd.DataFrame:
    two.set({"calibration/samples/s": {"metric": metric, "n": n, **more}})
    [path] = make(two.run(), "annotation/s.csv")
    return pd.read_csv(path, dtype="str", encoding="utf-8-sig", keep_default_na=False)


def test_a_sample_shows_what_a_judge_reads_and_no_verdict(two: Project) -> None:
    drawn = sample(two)
    columns = ["unit", "judged_sha256", "metric", "role", "description", "user_turn", "answer"]
    assert list(drawn.columns) == [*columns, "label", "annotator", "remark"]
    assert len(drawn) == 20 and drawn["unit"].is_unique and (drawn["label"] == "").all()
    assert set(drawn["role"]) == {"Maren Holt", "Otto Brindle"} and (drawn["answer"] != "").all()
    assert [hashlib.sha256(text.encode()).hexdigest() for text in drawn["answer"]] == list(drawn["judged_sha256"])


def test_a_sample_is_the_same_again_and_another_with_another_seed(two: Project) -> None:
    first = sample(two)
    assert sample(two).equals(first)
    assert set(sample(two, seed=7)["unit"]) != set(first["unit"])


def test_a_labelled_sample_finds_its_texts(two: Project) -> None:
    """The annotator agrees with judge j on all but the first five, where it is off by one."""
    drawn = sample(two)
    frozen = two.run()
    ratings = pd.concat([pd.read_parquet(path) for path in (frozen.results / "tables").glob("ratings-*")])
    of_j = ratings[(ratings["judge"] == "j") & (ratings["metric"] == "style")]
    known = dict(zip(units_of(of_j), of_j["value"], strict=True))
    said = [int(known[unit]) for unit in drawn["unit"]]
    drawn["label"] = [str(value % 5 + 1 if place < 5 else value) for place, value in enumerate(said)]
    drawn.loc[len(drawn)] = {**drawn.iloc[0], "unit": "0" * 16}
    drawn.to_csv(two.folder / "labels.csv", index=False)
    two.set({"calibration/labels/mine": {"file": "labels.csv", "metric": "style"}})
    found = table(two.run())
    mine = pairs(found[found["set"] == "mine"], "rater_a", "rater_b")
    assert set(mine) == {("human", "j"), ("human", "k"), ("j", "k")}
    with_j = mine["human", "j"]
    assert (with_j["n"], with_j["n_unmatched"]) == (20, 1) and with_j["agreement"] == pytest.approx(15 / 20)
    assert with_j["kappa"] > 0.6 > abs(mine["human", "k"]["kappa"])


def test_a_label_that_fits_several_texts_is_told(two: Project) -> None:
    two.set({"calibration/labels/mine": {"file": write(two, "persona,label", "keeper,5"), "metric": "style"}})
    with pytest.raises(UserError, match=r"labels\.csv, row 1: the label fits \d+ texts, expected one: add columns"):
        table(two.run())


def test_labels_of_a_text_that_reads_otherwise_by_now_do_not_count(two: Project) -> None:
    drawn = sample(two, n=1).iloc[0]
    two.set({"calibration/labels/mine": {"file": "labels.csv", "metric": "style"}})
    write(two, "unit,judged_sha256,label", f"{drawn['unit']},{'0' * 64},5")
    found = table(two.run())
    [mine] = found[found["set"] == "mine"].to_dict("records")
    assert (mine["n"], mine["n_unmatched"], mine["undefined"]) == (0, 1, "no-items") and pd.isna(mine["kappa"])
    write(two, "unit,judged_sha256,label", f"{drawn['unit']},{drawn['judged_sha256']},5")
    found = table(two.run())
    assert set(found.loc[found["set"] == "mine", "n"]) == {1}
    assert set(found.loc[found["set"] == "mine", "undefined"]) == {"one-label"}


def test_samples_of_responses(two: Project, server: FakeServer) -> None:
    refusals = sample(two, "refusal", benchmark="xstest", n=500)
    assert set(refusals["role"]) == {"Maren Holt", "Otto Brindle", ""} and "trait" not in refusals
    wins = sample(two, "win", benchmark="general", n=500)
    firsts = (wins["a_sha256"] == wins["judged_sha256"]).value_counts()
    assert set(firsts.index) == {True, False}, "neither stands always first"
    for _, row in wins.iterrows():
        assert hashlib.sha256(row["answer_a"].encode()).hexdigest() == row["a_sha256"]


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        pytest.param({"metric": "refusal"}, "expected a benchmark for metric refusal", id="no benchmark"),
        pytest.param({"metric": "style", "benchmark": "xstest"}, "expected none for metric style", id="benchmark"),
        pytest.param({"metric": "trait", "benchmark": "xstest"}, "found xstest, expected one of none", id="other"),
    ],
)
def test_mistakes_in_a_sample(two: Project, section: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        two.set({"calibration/samples/s": section}).grid()


def texts(counts: dict[str, int]) -> list[Text]:
    return [Text(f"{name}{i}", (name, str(i)), (name,)) for name, count in counts.items() for i in range(count)]


def test_strata_take_turns() -> None:
    drawn = draw(texts({"a": 50, "b": 50, "c": 2}), 12, 1)
    assert sorted(text.stratum[0] for text in drawn) == ["a"] * 5 + ["b"] * 5 + ["c"] * 2
    assert draw(texts({"a": 50, "b": 50, "c": 2})[::-1], 12, 1) == drawn
    assert draw(texts({"a": 50, "b": 50, "c": 2}), 20, 1)[:12] == drawn, "a larger sample holds the smaller"


def test_texts_that_nobody_can_tell_apart_are_drawn_once() -> None:
    assert len(draw([Text("u", ("x",), ("a",)), Text("v", ("x",), ("b",))], 9, 1)) == 1


def test_thirds() -> None:
    assert [third(place, 7) for place in range(7)] == [1, 1, 1, 2, 2, 3, 3]


def test_units_are_the_same_from_a_table_and_a_row() -> None:
    row = dict.fromkeys(PLACE) | {"model": "m", "round": 3, "replicate": 1}
    rows = pd.DataFrame([row, row | {"round": None, "checkpoint": 0}])
    assert units_of(rows) == [unit_of(row), unit_of(row | {"round": None, "checkpoint": 0})]
    assert unit_of(row) != unit_of(row | {"round": None, "checkpoint": 3})


def test_the_rules_against_xstests_labels(project: Project) -> None:
    """Rules right on all; and on 3 of 4 (margins 2, 2 and 1, 3: chance .5, kappa .5). No judge is needed."""
    sure, sorry = "Sure, here it is.", "I'm sorry, but I can't help with that."
    right = [(sure, False), (sorry, True), (sure, False)]
    put_completions(project.folder / "xs", "one", [*right, (sorry, True)])
    put_completions(project.folder / "xs", "two", [*right, (sure, True)])
    project.set({"calibration": {"labels": {"published": {"file": "xs", "format": "xstest-completions"}}}})
    project.set({"benchmarks/xstest": None, "benchmarks/bfi": None})
    project.set({"benchmarks/general": None, "benchmarks/role-specific": None})
    frozen = project.frozen()
    found = table_without_cells(frozen)
    rules = pairs(found[(found["rater_a"] == "human") & (found["rater_b"] == "rules")], "model")
    assert rules[("one",)]["kappa"] == 1.0 and rules[("two",)]["kappa"] == pytest.approx(0.5)
    assert rules[("all",)]["agreement"] == pytest.approx(7 / 8) and rules[("all",)]["n_clusters"] == 4
    assert json.loads(rules[("two",)]["recall_b"]) == [1.0, 0.5]
    assert json.loads(rules[("two",)]["base_a"]) == [0.5, 0.5] and rules[("two",)]["mean_b"] == 0.25
    people = found[(found["rater_a"] == "human:1") & (found["rater_b"] == "human:2")]
    assert set(people["agreement"]) == {1.0}


def table_without_cells(frozen: FrozenPlan) -> pd.DataFrame:
    [made] = [a for a in frozen.artefacts if a.plain_outputs[0] == "tables/calibration.parquet"]
    assert made.inputs == ()
    (frozen.results / "tables").mkdir(parents=True, exist_ok=True)
    make_one(frozen, made)
    return pd.read_parquet(frozen.results / made.outputs[0])


def test_figures_are_drawn(two: Project) -> None:
    two.set({"calibration/labels/mine": {"file": write(two, "unit,label", "u,5"), "metric": "style"}})
    names = ("tables/calibration.parquet", "figures/judge-agreement.pdf", "figures/judge-agreement-mine.pdf")
    for path in make(two.run(), *names)[1:]:
        assert path.stat().st_size > 1000 and path.with_suffix(".png").exists()
