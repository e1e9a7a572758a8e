"""Answers too long for a judge: refused by default, cut where the config says so, and then recorded and counted."""

import logging
from typing import Any

import pandas as pd
import pytest

from personas.plan.frozen import FrozenPlan
from personas.prompts.judge.cut import MARK, cut, cut_all
from tests.helpers import OVERFLOW_OPENAI, FakeServer, Outcome, Project, answer, changed, make

LONG, SHORT = "word " * 60 + "end", "Short."
STYLE = {"judges/j/utterances": ["style"], "judges/j/benchmarks": []}


@pytest.mark.parametrize(
    ("text", "limit", "read", "told"),
    [
        pytest.param("abcdef", None, "abcdef", None, id="no limit"),
        pytest.param("abcdef", 6, "abcdef", None, id="just fits"),
        pytest.param("abcdef", 4, "abcd" + MARK, "the first 4 of 6 characters", id="cut"),
        pytest.param(
            "<think>long thought</think>abc", 3, "<think>long thought</think>abc", None, id="thinking is free"
        ),
        pytest.param("<think>x</think>abcd", 3, "abc" + MARK, "the first 3 of 4 characters", id="thinking, cut"),
    ],
)
def test_cut(text: str, limit: int | None, read: str, told: str | None) -> None:
    assert cut(text, limit) == (read, told)


def test_of_two_answers_each_has_the_limit() -> None:
    texts, told = cut_all(["abcdef", "ab"], 4)
    assert texts == ["abcd" + MARK, "ab"] and told == "judged of the answer A the first 4 of 6 characters"


@pytest.fixture
def small(judged: Project, server: FakeServer) -> Project:
    """A judge whose context is too short for the long answer that every other round of the model gives."""

    def decide(body: dict[str, Any]) -> Outcome:
        prompt = body["messages"][-1]["content"]
        if body["model"] != "org/judge-1b":
            return answer(LONG if len(body["messages"]) % 4 < 2 else SHORT)
        return OVERFLOW_OPENAI if LONG in prompt else answer('{"reasoning": "So.", "verdict": 3}')

    server.decide = decide
    return judged.set(STYLE)


def judged_rows(frozen: FrozenPlan) -> pd.DataFrame:
    paths = [frozen.results / cell.path for cell in frozen.grid.cells if cell.judge]
    return pd.concat([pd.read_parquet(path) for path in paths])


def statuses(frozen: FrozenPlan) -> pd.DataFrame:
    by_name = {made.plain_outputs[0]: made for made in frozen.artefacts}
    (frozen.results / "tables").mkdir(exist_ok=True)
    for name in by_name:
        if name.startswith("tables/ratings-"):
            make(frozen, by_name[name])
    table = pd.read_parquet(make(frozen, by_name["tables/status.parquet"]))
    return table[table["judge"] == "j"]


def test_by_default_nothing_is_cut_and_what_does_not_fit_has_no_verdict(small: Project) -> None:
    frozen = small.run()
    rows = judged_rows(frozen)
    assert set(rows["status"]) == {"ok", "context_overflow"} and not rows["cut"].any()
    found = statuses(frozen)
    assert found["n_cut"].sum() == 0 and found[found["status"] == "judge_unparsed"]["n"].sum() > 0


def test_cut_answers_are_judged_recorded_logged_and_counted(
    small: Project, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        frozen = small.set({"judges/j/cut_answers": 100}).run()
    rows = judged_rows(frozen)
    assert set(rows["status"]) == {"ok"}
    of_long = rows[rows["cut"]]
    assert 0 < len(of_long) < len(rows)
    assert set(of_long["detail"]) == {f"judged of the answer the first 100 of {len(LONG)} characters"}
    assert rows[~rows["cut"]]["detail"].isna().all()
    assert "an answer was cut" in caplog.text
    found = statuses(frozen)
    assert found["n_cut"].sum() == len(of_long) and found["n"].sum() == len(rows)
    assert any(MARK in body["messages"][-1]["content"] for body in server.bodies)


def test_a_limit_makes_other_judgements_and_leaves_those_without_alone(small: Project) -> None:
    before = small.grid()
    after = small.set({"judges/j/cut_answers": 100}).grid()
    assert changed(before, after) == {cell.plain_path for cell in before.cells if cell.judge}
    assert "cut_answers" not in next(cell for cell in before.cells if cell.judge).spec


@pytest.mark.parametrize(("finish", "status"), [("stop", "ok"), ("length", "judge_unparsed")])
def test_a_verdict_that_was_cut_off_is_none(judged: Project, server: FakeServer, finish: str, status: str) -> None:
    """It may have begun with the first half of a number."""

    def decide(body: dict[str, Any]) -> Outcome:
        is_judge = body["model"] == "org/judge-1b"
        return answer("Reasoning: so.\nResult: 4", finish) if is_judge else answer(SHORT)

    server.decide = decide
    frozen = judged.set({**STYLE, "judges/j/form": "reasoning-result"}).run()
    assert set(statuses(frozen)["status"]) == {status}
