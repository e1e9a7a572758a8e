"""Open questions whose answers judges rate by a rubric that the config names."""

import json
import re
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from personas.core.errors import UserError
from personas.plan.costs.estimate import total
from personas.viewer.app import build_app
from personas.viewer.data.corpus import Corpus
from personas.viewer.guard import PARAMETER
from personas.workflow.links import refresh_links
from tests.helpers import FakeServer, Outcome, Project, answer, by_plain_path, changed, make

QUESTIONS = [{"question": "What do you fear?"}, {"question": "Whom do you miss?"}, {"question": "What do you eat?"}]
VERDICTS = {"style": 4, "in-character": 2, "contradicts-description": "yes"}


def is_judge(body: dict[str, Any]) -> bool:
    return bool(body["model"] == "org/judge-1b")


@pytest.fixture
def asked(judged: Project) -> Project:
    """A study with open questions that nobody rates yet."""
    (judged.folder / "items/open.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)) + "\n")
    mine: dict[str, Any] = {"kind": "open", "items": "items/open.jsonl", "max_tokens": 16}
    alone: dict[str, Any] = {"models/beta": None, "conditions/requests": None, "judges/j/utterances": []}
    return judged.set({**alone, "benchmarks": {"mine": mine}})


def rated(project: Project, server: FakeServer, rubric: str) -> pd.DataFrame:
    def decide(body: dict[str, Any]) -> Outcome | None:
        verdict = json.dumps({"reasoning": "so", "verdict": VERDICTS[rubric]})
        return answer(verdict) if is_judge(body) else None

    server.decide = decide
    project.set({"benchmarks/mine/rubric": rubric})
    planned = total(project.plan_report().estimates.values()).requests
    project.run()
    assert planned == server.count, "what a plan says is sent"
    frozen = project.freeze("run-2")
    [table] = [each for each in frozen.artefacts if each.plain_outputs[0] == "tables/ratings-alpha--mine.parquet"]
    return pd.read_parquet(make(frozen, table))


@pytest.mark.parametrize(("rubric", "value"), [("style", 4.0), ("contradicts-description", 1.0)])
def test_answers_are_rated_for_personas_and_for_the_baseline_as_each(
    asked: Project, server: FakeServer, rubric: str, value: float
) -> None:
    rows = rated(asked, server, rubric)
    of_judge = rows[rows["judge"] == "j"]
    assert set(of_judge["metric"]) == {rubric} and set(of_judge["value"]) == {value}
    personas = set(of_judge["persona"]) - {"baseline"}
    baseline = of_judge[of_judge["persona"] == "baseline"]
    assert set(baseline["reference_persona"]) == personas == {"keeper", "baker"}
    checkpoints = len(asked.grid().study.config.checkpoints)
    assert len(of_judge) == 2 * len(personas) * len(QUESTIONS) * checkpoints


def test_it_is_a_measure_everywhere(asked: Project, server: FakeServer) -> None:
    rated(asked, server, "style")
    frozen = asked.freeze("run-3")
    made = {each.plain_outputs[0]: each for each in frozen.artefacts}
    measures = pd.read_parquet(make(frozen, made["tables/measures.parquet"])).set_index("measure")
    assert list(measures.loc["mine-style-by-j", ["benchmark", "scale", "better"]]) == ["mine", "rating", "higher"]
    values = pd.read_parquet(make(frozen, made["tables/values.parquet"]))
    own = values[values["measure"] == "mine-style-by-j"]
    make(frozen, made["tables/mine-by-j-by-checkpoint.parquet"])
    assert set(own["group"]) == {"persona", "baseline"} and set(own["value"]) == {4.0}
    assert make(frozen, made["figures/mine-by-j.pdf"]).stat().st_size > 5000


def test_the_name_of_the_rubric_moves_judgements_alone(asked: Project) -> None:
    plain = asked.grid()
    assert not any(path.startswith("judgements/") for path in by_plain_path(plain)), "nobody rates them"
    new = changed(plain, asked.set({"benchmarks/mine/rubric": "style"}).grid())
    assert new and all(path.startswith("judgements/j/") for path in new)
    before = asked.grid()
    assert changed(before, asked.set({"benchmarks/mine/rubric": "in-character"}).grid()) == new


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"benchmarks/mine/rubric": "stile"}, r"benchmarks\.mine\.rubric: found stile, expected some of .*style"),
        ({"benchmarks/mine/rubric": "bfi"}, r"benchmarks\.mine\.rubric: found bfi, expected some of"),
        (
            {"benchmarks/xstest": {"items": "items/xstest.csv", "rubric": "style"}},
            r"benchmarks\.xstest\.rubric: found style, expected none for kind xstest",
        ),
    ],
)
def test_a_rubric_that_cannot_rate_them(asked: Project, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        asked.set(changes).grid()


def test_the_viewer_shows_an_answer_of_the_baseline_as_each_persona(
    asked: Project, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rated(asked, server, "style")
    frozen = asked.freeze("run-3")
    made = {each.plain_outputs[0]: each for each in frozen.artefacts}
    for name in ("measures", "values"):
        make(frozen, made[f"tables/{name}.parquet"])
    refresh_links(frozen)
    monkeypatch.chdir(asked.folder)
    corpus = Corpus(asked.grid())
    key = "a-key"
    reader = TestClient(build_app(corpus, key), base_url="http://127.0.0.1:8000")
    reader.get(f"/?{PARAMETER}={key}")
    page = reader.get("/behind/2/alpha/baseline/interview-fixed?benchmark=mine").text
    verdicts = [" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in page.split('<details class="verdict')[1:]]
    for persona in ("keeper", "baker"):
        assert any(persona in verdict and "4" in verdict and "not rated" not in verdict for verdict in verdicts), page
    found = reader.get("/answers?measure=mine-style-by-j&persona=baseline&text=answer").text
    assert "12 ratings" in found and "no text" not in found, found
