"""What a plan says that a run takes, against what the run takes."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow.parquet as pq
import pytest

from personas.engines.kinds.endpoint import EndpointModel
from personas.engines.request import CHARACTERS_PER_MESSAGE, TOKENS_PER_CHARACTER
from personas.plan.costs.distinct import Distinct
from personas.plan.costs.estimate import Estimate, estimate, total
from personas.plan.costs.loads import Loads
from personas.plan.costs.rates import COMPLETION_TOKENS, Rates
from personas.plan.models import asked_model
from personas.plan.outcome import all_outcomes
from personas.plan.plan_report import PlanReport
from tests.helpers import JUDGE, FakeServer, Outcome, Project, answer, said

Edit = Callable[[Project], object]
TWIN = {"items": "items/bfi.json", "kind": "bfi"}

STUDIES: dict[str, Mapping[str, Any]] = {
    "as it is": {},
    "no baseline": {"personas/baseline": False},
    "one persona": {"personas/include": ["baker"]},
    "one order": {"conditions/interview/orders": ["fixed"]},
    "items in both orders": {"conditions/interview/ask_in": ["fixed", "shuffled"], "checkpoints": [0, 1, 3]},
    "items in the shuffled order alone": {"conditions/interview/ask_in": ["shuffled"]},
    "no items behind a condition": {"conditions/interview/ask_in": []},
    "two benchmarks with the same items": {"benchmarks/twin": {**TWIN, "limit": 2}},
    "two benchmarks that share items": {"benchmarks/twin": {**TWIN, "limit": 5}},
    "the same items with a longer answer": {"benchmarks/twin": {**TWIN, "limit": 3, "max_tokens": 31}},
    "no limit": {"benchmarks/xstest/limit": None},
    "two replicates": {"replicates": 2},
    "every checkpoint": {"checkpoints": [0, 1, 2, 3]},
    "the last checkpoint": {"checkpoints": [3]},
    "two conditions with the same turns": {"conditions/again": {"turns": "turns/requests.json", "rounds": 3}},
    "a condition that goes on where another ends": {
        "conditions/again": {"turns": "turns/requests.json", "rounds": 4}
    },
    "one batch a family": {"batches/max_cells": 1},
}
COMPARED = {"utterances": ["style"], "references": ["dataset", "zero", "previous"]}
JUDGED: dict[str, Mapping[str, Any]] = {
    "by default": {},
    "compared with itself": {**{f"judges/j/{k}": v for k, v in COMPARED.items()}, "checkpoints": [0, 1, 2]},
    "compared with itself in two orders": {
        **{f"judges/j/{k}": v for k, v in COMPARED.items()},
        "conditions/interview/ask_in": ["fixed", "shuffled"],
        "checkpoints": [0, 1, 3],
        "benchmarks/general/limit": 3,
    },
    "two benchmarks that share items": {"judges/j/utterances": ["style"], "benchmarks/twin": {**TWIN, "limit": 5}},
    "two judges": {"judges/k": {**JUDGE, "utterances": ["in-character"], "benchmarks": ["xstest"]}},
    "one checkpoint": {"checkpoints": [2], "judges/j/references": ["dataset", "zero"], "judges/j/utterances": []},
}


def _address(project: Project, server: FakeServer) -> Project:
    raw = project.raw()
    models = {f"models/{slug}/base_url": server.base_url for slug in raw["models"]}
    return project.set(models | {f"judges/{slug}/model/base_url": server.base_url for slug in raw.get("judges", {})})


def _by_stage(plan_report: PlanReport) -> Counter[str]:
    counts: Counter[str] = Counter()
    for cell in plan_report.plan.missing:
        counts[cell.what] += plan_report.estimates[cell.path].requests
    return +counts


def _sent(project: Project) -> Counter[str]:
    """Return how many requests were sent, by what was asked."""
    counts: Counter[str] = Counter()
    for outcome in all_outcomes(project.results):
        counts.update({row.what: 0 for row in outcome.measured})
        for row in outcome.measured:
            counts[row.what] += row.requests
    return counts


def _rows_are_those_of_the_files(project: Project, plan_report: PlanReport) -> None:
    for cell in plan_report.plan.missing:
        rows = pq.read_metadata(project.results / cell.path).num_rows
        assert plan_report.estimates[cell.path].rows == rows, cell.plain_path


@pytest.mark.parametrize("study", STUDIES)
def test_requests_from_nothing_are_those_that_the_server_gets(
    served: Project, server: FakeServer, study: str
) -> None:
    plan_report = served.set(STUDIES[study]).plan_report()
    served.run()
    assert total(plan_report.estimates.values()).requests == server.count
    assert sum(_by_stage(plan_report).values()) == sum(_sent(served).values())
    if "benchmarks/twin" not in STUDIES[study]:  # a request of two benchmarks is measured as either
        assert _by_stage(plan_report) == _sent(served)
    _rows_are_those_of_the_files(served, plan_report)


@pytest.mark.parametrize("study", JUDGED)
def test_requests_of_a_judge_are_those_that_it_gets(judged: Project, server: FakeServer, study: str) -> None:
    plan_report = _address(judged.set(JUDGED[study]), server).plan_report()
    judged.run()
    assert total(plan_report.estimates.values()).requests == server.count
    _rows_are_those_of_the_files(judged, plan_report)


def test_the_estimate_of_a_cell_needs_only_missing_cells_before_it(served: Project) -> None:
    """What is current is not sent again, so nothing is shared with it."""
    plan_report = served.plan_report()
    first = next(cell for cell in plan_report.plan.missing if cell.benchmark == "bfi")
    others = (c for c in plan_report.plan.missing if c.benchmark == "bfi" and c.track.persona == first.track.persona)
    other = next(c for c in others if c.track.condition != first.track.condition)
    alone = estimate(plan_report.plan.grid, [other], Rates(), {})[other.path]
    assert (alone.requests, plan_report.estimates[other.path].requests) == (4, 2)


def _speak(server: FakeServer) -> None:
    """Answer with a length of its own for each model and kind of question."""

    def decide(body: dict[str, Any]) -> Any:
        base = said(body["messages"])
        more = {"org/alpha-1b": 3, "org/beta-1b": 20}.get(body["model"], 1)
        return answer(" ".join([base, *["word"] * (more * (2 if "?" in body["messages"][-1]["content"] else 1))]))

    server.decide = decide


def test_measured_rates_tell_what_the_same_grid_takes_from_nothing(judged: Project, server: FakeServer) -> None:
    """Tokens within a quarter, for each model and for the judge."""
    beta = {**judged.raw()["models"]["alpha"], "id": "org/beta-1b"}
    judged.set({"models/beta": beta, "checkpoints": [0, 1, 3], "judges/j/utterances": ["style"]})
    _speak(server)
    before = judged.plan_report()
    assert total(before.estimates.values()).measured == 0
    judged.run()

    rates = Rates.of(all_outcomes(judged.results))
    grid = judged.grid()
    estimates = estimate(grid, grid.cells, rates, {})
    everything = total(estimates.values())
    assert everything.measured == everything.to_send == server.count
    actual = Counter[tuple[str, str]]()
    for outcome in all_outcomes(judged.results):
        actual[outcome.model, "prompt"] += outcome.prompt_tokens
        actual[outcome.model, "completion"] += outcome.completion_tokens
    for slug in ("alpha", "beta", "j"):
        one = total(estimates[cell.path] for cell in grid.cells if cell.asked_slug == slug)
        assert one.prompt_tokens == pytest.approx(actual[slug, "prompt"], rel=0.25), slug
        assert one.completion_tokens == pytest.approx(actual[slug, "completion"], rel=0.25), slug
        assert one.seconds > 0


@pytest.mark.parametrize("changes", [{}, {"checkpoints": [0, 1, 3]}, {"judges/j": JUDGE}, {"models/alpha/thinking": {
    "system_line": "Do not think."}}], ids=["as it is", "checkpoints", "a judge", "a system line"])  # fmt: skip
def test_no_more_is_computed_than_prompted(project: Project, changes: Mapping[str, Any]) -> None:
    for path, one in project.set(changes).plan_report().estimates.items():
        assert 0 <= one.computed_tokens <= one.prompt_tokens + 1e-6, path


TINY: Mapping[str, Any] = {
    "models/beta": None,
    "personas/include": ["keeper"],
    "personas/baseline": False,
    "conditions/interview": None,
    "conditions/requests/rounds": 2,
    "checkpoints": [0, 1],
    **{f"benchmarks/{slug}": None for slug in ("xstest", "ifbench", "role-specific", "general")},
}


def _tiny(project: Project) -> tuple[Estimate, Estimate, list[float]]:
    """Return the estimates of a dialogue of two rounds and its items, and lengths of texts, as tokens.

    The lengths: opening, first and second turn, items together, an answer.
    """
    plan_report = project.set(TINY).plan_report()
    dialogue, items = (plan_report.estimates[cell.path] for cell in plan_report.plan.missing)
    grid = plan_report.plan.grid
    from personas.requests.work import new_work

    work = new_work(grid, grid.cells[0].track, list(grid.cells))
    texts = [work.opening[0]["content"], *work.turns]
    lengths = [TOKENS_PER_CHARACTER * (len(text) + CHARACTERS_PER_MESSAGE) for text in texts]
    prompts = [item.prompt for item in work.cell_items[0].items]
    assert len(prompts) == 2
    lengths.append(TOKENS_PER_CHARACTER * sum(len(prompt) + CHARACTERS_PER_MESSAGE for prompt in prompts))
    return dialogue, items, [*lengths, 24 + TOKENS_PER_CHARACTER * CHARACTERS_PER_MESSAGE]


def test_tokens_by_hand(project: Project) -> None:
    """A dialogue of two rounds, two items at checkpoints 0 and 1, nothing measured: answers of 24 tokens."""
    dialogue, items, (opening, one, two, asked, said_) = _tiny(project)
    assert (dialogue.rows, dialogue.requests, items.rows, items.requests) == (2, 2, 4, 4)
    assert dialogue.prompt_tokens == pytest.approx((opening + one) + (opening + one + said_ + two))
    assert items.prompt_tokens == pytest.approx(2 * opening + asked + 2 * (opening + one + said_) + asked)
    assert (dialogue.completion_tokens, items.completion_tokens) == (2 * 24, 4 * 24)
    assert dialogue.computed_tokens == pytest.approx(opening + one + said_ + two), "every text of it once"
    assert items.computed_tokens == pytest.approx(2 * asked), "all else stands in the dialogue"
    assert dialogue.seconds == pytest.approx(2 * 24 * EndpointModel.needs.seconds_per_token / 8)


@pytest.mark.parametrize(
    ("limits", "minutes"),
    [
        pytest.param({"requests_per_minute": 0.5}, 6 / 0.5, id="requests"),
        pytest.param({"tokens_per_minute": 10.0}, None, id="tokens"),
        pytest.param({"requests_per_minute": 1e6, "tokens_per_minute": 1e9}, 6 * 24 * 0.02 / 8 / 60, id="none binds"),
    ],
)
def test_time_knows_limits(project: Project, limits: Mapping[str, float], minutes: float | None) -> None:
    """Six requests in all, of the plan's table and of the size of its batch."""
    plan_report = project.set({**TINY, "models/alpha/limits": limits}).plan_report()
    sums = total(plan_report.estimates.values())
    minutes = minutes or (sums.prompt_tokens + sums.completion_tokens) / 10
    assert sums.seconds / 60 == pytest.approx(minutes)
    assert [batch.minutes for batch in plan_report.plan.batches] == pytest.approx([minutes], abs=0.001)


def test_a_beginning_that_dialogues_share_is_computed_once(project: Project) -> None:
    *_, said_ = _tiny(project)[2]
    plan_report = project.set({"conditions/again": {"turns": "turns/requests.json", "rounds": 3}}).plan_report()
    again = next(c for c in plan_report.plan.missing if c.stage == "dialogues" and c.track.condition == "again")
    third = TOKENS_PER_CHARACTER * (len("Name a boat.") + CHARACTERS_PER_MESSAGE)
    taken = plan_report.estimates[again.path]
    assert taken.requests == 1, "the third round"
    assert taken.computed_tokens == pytest.approx(said_ + third), "the answer of the second round, and the third turn"


def test_money_is_that_of_what_is_sent(project: Project) -> None:
    price = {"prompt_per_million": 2.0, "completion_per_million": 10.0}
    plan_report = project.set({"models/alpha/price": price, "judges/j": JUDGE}).plan_report()
    spent: dict[str, float] = defaultdict(float)
    for cell in plan_report.plan.missing:
        one = plan_report.estimates[cell.path]
        spent[cell.asked_slug] += one.money
        if cell.asked_slug == "alpha":
            assert one.money == pytest.approx((2 * one.prompt_tokens + 10 * one.completion_tokens) / 1e6)
    assert spent["alpha"] > 0 and spent["beta"] == spent["j"] == 0


def _count_by_characters(server: FakeServer, verdict: Mapping[str, Any]) -> None:
    """Answer and count as the stated defaults have it: 250 tokens of four characters, the longest verdicts."""

    def decide(body: dict[str, Any]) -> Outcome:
        text = json.dumps(verdict) if "response_format" in body else said(body["messages"]) + " word" * 200
        text = text[: 4 * min(250, body["max_tokens"])]
        prompt = sum(len(message["content"]) + CHARACTERS_PER_MESSAGE for message in body["messages"])
        counts = {"prompt_tokens": prompt // 4, "completion_tokens": len(text) // 4}
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return Outcome(body={"choices": [choice], "usage": counts})

    server.decide = decide


@pytest.mark.parametrize("references", [["dataset"], ["dataset", "zero", "previous"]], ids=["given", "all"])
@pytest.mark.parametrize("reasoning", [True, False])
def test_a_first_run_takes_what_was_estimated_of_a_judge(
    judged: Project, server: FakeServer, references: list[str], reasoning: bool
) -> None:
    """Answers that items bring are as long as they are, and a verdict is no longer than its form allows."""
    judge = {"judges/j/references": references, "judges/j/reasoning": reasoning, "judges/j/utterances": ["style"]}
    longest = {"models/alpha/sampling/max_tokens": 512, "judges/j/model/sampling/max_tokens": 512}
    judged.set({**judge, **longest, "checkpoints": [0, 1, 2], "conditions/interview": None})
    _count_by_characters(server, {**({"reasoning": "x" * 400} if reasoning else {}), "verdict": "A"})
    plan_report = judged.plan_report()
    judged.run()
    actual = Counter[tuple[str, str]]()
    for outcome in all_outcomes(judged.results):
        for row in outcome.measured:
            actual[row.what, "prompt"] += row.prompt_tokens
            actual[row.what, "answer"] += row.completion_tokens
    for what in {cell.what for cell in plan_report.plan.missing if cell.judge}:
        one = total(plan_report.estimates[cell.path] for cell in plan_report.plan.missing if cell.what == what)
        assert one.prompt_tokens == pytest.approx(actual[what, "prompt"], rel=0.03), what
        assert one.completion_tokens == pytest.approx(actual[what, "answer"], rel=0.1), what


def test_a_long_answer_is_expected_to_end_by_itself(project: Project) -> None:
    plan_report = project.set({"models/alpha/sampling/max_tokens": 4000, "models/beta": None}).plan_report()
    dialogues = [plan_report.estimates[c.path] for c in plan_report.plan.missing if c.stage == "dialogues"]
    assert {one.completion_tokens / one.requests for one in dialogues} == {COMPLETION_TOKENS}


def test_estimates_add_up() -> None:
    one = Estimate(5, 4, 3, 10.0, 8.0, 2.0, 1.0, 1, 0.5)
    assert total([]) == Estimate()
    assert total([one, one]) == Estimate(10, 8, 6, 20.0, 16.0, 4.0, 2.0, 2, 1.0) and one.to_send == 1


def test_what_the_journal_answers_costs_nothing(served: Project) -> None:
    grid = served.grid()
    loads = Loads(grid)
    distinct = Distinct(grid, loads)
    known = {cell.path: {load.place: new for load, new in distinct.of(cell)} for cell in grid.cells}
    for one in estimate(grid, grid.cells, Rates(), known).values():
        assert one == Estimate(one.rows, one.requests, one.requests)


def test_a_judge_of_its_own_rubric_with_other_traits_can_be_planned(project: Project) -> None:
    """Nothing in the plan wants a trait of a certain name."""
    project.replace_text("judges/rubrics/bfi.yaml", "  Openness:", "  Curiosity:")
    plan_report = project.set({"judges/j": JUDGE, "benchmarks/bfi/limit": 4}).plan_report()
    assert all(one.prompt_tokens > 0 for one in plan_report.estimates.values() if one.to_send)
    assert asked_model(plan_report.plan.grid.study.config, "alpha", "j").id == "org/judge-1b"
