"""Facts of personas asked at checkpoints, and contradictions: what a judge reads beside an answer."""

import json
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from personas.core.errors import UserError
from personas.plan.costs.estimate import total
from tests.helpers import FakeServer, Outcome, Project, answer, by_plain_path, changed, make, said
from tests.users import FACTS

KEEPER = FACTS["keeper"]
ONLY: dict[str, Any] = {
    "benchmarks": {"facts": {"items": "personas"}},
    "conditions/interview": None,
    "conditions/requests/rounds": 3,
    "models/beta": None,
}


def is_judge(body: dict[str, Any]) -> bool:
    return bool(body["model"] == "org/judge-1b")


@pytest.fixture
def known(judged: Project) -> Project:
    for slug, facts in FACTS.items():
        judged.edit_persona(slug, facts=facts)
    return judged.set({**ONLY, "judges/j/utterances": ["contradicts-itself", "contradicts-description"]})


def requests(project: Project) -> int:
    return total(project.plan_report().estimates.values()).requests


def ratings(project: Project, name: str) -> pd.DataFrame:
    frozen = project.freeze("run-2")
    [table] = [each for each in frozen.artefacts if each.plain_outputs[0] == f"tables/ratings-{name}.parquet"]
    return pd.read_parquet(make(frozen, table))


def test_a_plan_counts_what_is_sent(known: Project, server: FakeServer) -> None:
    planned = requests(known)
    known.run()
    assert planned == server.count == len({json.dumps(body, sort_keys=True) for body in server.bodies})
    assert known.plan_report().plan.missing == []


def test_each_persona_and_the_baseline_in_its_place_are_asked_its_facts(known: Project, server: FakeServer) -> None:
    def decide(body: dict[str, Any]) -> Outcome | None:
        if is_judge(body):
            return answer(json.dumps({"reasoning": "so", "verdict": "no"}))
        last, before = body["messages"][-1]["content"], len(body["messages"]) > 3
        told = {"When were you born?": "In Eighteen Seventy-One!", "What is your dog called?": "brid, as you know"}
        return answer(told[last]) if last in told and not before else answer("I forget.")

    server.decide = decide
    known.run()
    rows = ratings(known, "alpha--facts")
    rules = rows[(rows["metric"] == "knows") & (rows["persona"] == "keeper")]
    assert rules.groupby("checkpoint")["value"].mean().to_dict() == {0: 1.0, 2: 0.0}
    asked = rows[rows["persona"] == "baseline"].groupby("reference_persona")["item_id"].nunique()
    assert asked.to_dict() == {"baker": 1, "keeper": 2}
    again = rows[rows["metric"] == "same-answer"]
    assert set(again["checkpoint"]) == {2} and set(again["value"]) == {0.0}


def test_a_judge_reads_the_first_answer_beside_a_later_one(known: Project, server: FakeServer) -> None:
    known.run()
    [path] = (known.results / "responses/alpha/keeper/facts").glob("*.parquet")
    rows = {(row["checkpoint"], row["prompt"]): row["answer"] for row in pq.read_table(path).to_pylist()}
    question = KEEPER[0]["question"]
    read = [b["messages"][0]["content"] for b in server.bodies if is_judge(b) and rows[2, question] in str(b)]
    [prompt] = [text for text in read if "To the same question" in text]
    assert f"<earlier>\n{rows[0, question]}\n</earlier>" in prompt
    assert prompt.index("<earlier>") < prompt.index("<user-turn>") < prompt.index("<answer>")


def test_a_judge_reads_the_nearest_earlier_answers(known: Project, server: FakeServer) -> None:
    known.set({"judges/j/utterances": ["contradicts-itself"]}).run()
    [path] = (known.results / "dialogues/alpha/keeper").glob("*.parquet")
    said_so = [row["answer"] for row in pq.read_table(path).to_pylist()]
    prompts = [b["messages"][0]["content"] for b in server.bodies if is_judge(b)]
    prompts = [text for text in prompts if "Earlier in the same conversation" in text and "Maren Holt" in text]
    of_round = {n: [text for text in prompts if f"<answer>\n{said_so[n]}\n" in text] for n in range(3)}
    assert [len(of_round[n]) for n in range(3)] == [0, 1, 1], "nothing was said before the first"
    assert of_round[2][0].count("<earlier>") == 2 and said_so[2] not in of_round[1][0]
    rows = ratings(known, "alpha--utterances")
    assert set(rows[rows["persona"] == "keeper"]["round"]) == {2, 3}


def test_a_fact_shapes_what_is_asked_and_an_accepted_form_only_the_score(known: Project) -> None:
    before = known.grid()
    plans = {each.plain_outputs[0]: each.outputs[0] for each in known.freeze().artefacts}
    known.edit_persona("keeper", facts=[{**KEEPER[0], "accepted": ["71"]}, KEEPER[1]])
    assert changed(before, known.grid()) == set()
    now = {each.plain_outputs[0]: each.outputs[0] for each in known.freeze().artefacts}
    assert plans["tables/ratings-alpha--facts.parquet"] != now["tables/ratings-alpha--facts.parquet"]
    known.edit_persona("keeper", facts=[{**KEEPER[0], "question": "How old are you?"}, KEEPER[1]])
    of_keeper = {path for path in by_plain_path(before) if "/facts/" in path and "keeper" in path}
    assert changed(before, known.grid()) == of_keeper


def test_contradictions_shape_no_other_judgement(known: Project) -> None:
    before = known.grid()
    rubric = known.folder / "judges/rubrics/contradicts-itself.yaml"
    rubric.write_text(rubric.read_text().replace("Earlier in the same", "Before, in the same"), encoding="utf-8")
    assert changed(before, known.grid()) == {path for path in by_plain_path(before) if "contradicts-itself" in path}


def test_one_checkpoint_or_one_round_has_nothing_earlier(known: Project) -> None:
    kinds = {cell.kind for cell in known.set({"checkpoints": [0], "conditions/requests/rounds": 1}).grid().cells}
    assert kinds == {"dialogues", "facts", "contradicts-description"}
    assert not [cell for cell in known.grid().cells if cell.judge and cell.kind == "facts"]


def test_mistakes_in_a_sentence(judged: Project) -> None:
    judged.set(ONLY)
    with pytest.raises(UserError, match="found no persona with `facts` in its file"):
        judged.grid()
    judged.edit_persona("keeper", facts=KEEPER)
    with pytest.raises(UserError, match="found a file of facts, expected `items: personas`"):
        judged.set({"benchmarks/facts/items": "items/bfi.json"}).grid()
    with pytest.raises(UserError, match="found items: personas for kind bfi"):
        judged.set({"benchmarks": {"bfi": {"items": "personas"}}}).grid()


def test_a_planted_rate_of_contradictions_is_found(known: Project, server: FakeServer) -> None:
    """A persona says of its dog now one thing, now another; a judge that reads both tells."""

    def decide(body: dict[str, Any]) -> Outcome:
        text = body["messages"][0]["content"]
        if is_judge(body) and "Earlier in the same conversation" in text:
            earlier, now = text.split("<answer>")[0], text.split("<answer>")[1]
            is_other = ("dog is red" in earlier) if "dog is black" in now else ("dog is black" in earlier)
            return answer(json.dumps({"reasoning": "so", "verdict": "yes" if is_other else "no"}))
        if is_judge(body):
            return answer(json.dumps({"reasoning": "so", "verdict": "no"}))
        third = len(body["messages"]) > 5
        return answer(f"My dog is {'black' if third else 'red'}. {said(body['messages'])}")

    server.decide = decide
    known.run()
    rows = ratings(known, "alpha--utterances")
    own = rows[(rows["metric"] == "contradicts-itself") & (rows["persona"] == "keeper")]
    assert own.set_index("round")["value"].to_dict() == {2: 0.0, 3: 1.0}
    assert set(rows[rows["metric"] == "contradicts-description"]["value"]) == {0.0}
