"""How long answers are and how fast they come: what was measured first, then what is nearest, then what is stated."""

from typing import Any

import pytest

from personas.config.models import ModelSection
from personas.config.reading.loader import validate
from personas.engines.kinds.endpoint import EndpointModel
from personas.engines.kinds.llama_cpp import LlamaCppModel
from personas.engines.request import CHARACTERS_PER_MESSAGE, TOKENS_PER_CHARACTER
from personas.plan.costs.rates import COMPLETION_TOKENS, Rates
from personas.plan.outcome import Measurement, Outcome

BASE = {"id": "org/a", "revision": "1", "sampling": {"temperature": 0.0, "max_tokens": 24}}
ENDPOINT: ModelSection = validate(EndpointModel, {**BASE, "engine": "endpoint", "base_url": "http://h/v1"}, "test")
LLAMA: ModelSection = validate(
    LlamaCppModel, {**BASE, "engine": "llama.cpp", "weights": "w", "context_length": 512}, "test"
)


def row(what: str = "bfi", before: int = 0, max_tokens: int = 24, **changes: Any) -> Measurement:
    given = {"requests": 10, "messages": 10, "characters": 840, "prompt_tokens": 200, "completion_tokens": 100}
    return Measurement(what, before, max_tokens, **{**given, "seconds": 5.0, **changes})


def outcome(*rows: Measurement, model: str = "a", engine: str = "endpoint", **changes: Any) -> Outcome:
    given = {"engine_seconds": 12.0, "start_seconds": 2.0, **changes}
    return Outcome("generate_x_01", model, engine, measured=list(rows), **given)


def rates(*outcomes: Outcome) -> Rates:
    return Rates.of(outcomes)


OWN, OTHER = outcome(row()), outcome(row(completion_tokens=300), model="b")
LENGTHS = [
    pytest.param([], ("a", "bfi", 24), (24.0, False), id="nothing measured: as long as allowed"),
    pytest.param([], ("a", "bfi", 4000), (COMPLETION_TOKENS, False), id="nothing measured: the default"),
    pytest.param([OWN], ("a", "bfi", 24), (10.0, True), id="measured"),
    pytest.param([OWN, OTHER], ("a", "bfi", 24), (10.0, True), id="its own before that of others"),
    pytest.param([OTHER], ("a", "bfi", 24), (30.0, True), id="that of others"),
    pytest.param([OWN, OTHER], ("c", "bfi", 24), (20.0, True), id="the mean over all requests of others"),
    pytest.param([OWN], ("a", "bfi", 16), (16.0, False), id="another longest answer says nothing"),
    pytest.param([OWN], ("a", "xstest", 24), (24.0, False), id="another kind of request says nothing"),
    pytest.param([OWN, outcome(row(before=5, requests=30, completion_tokens=900))], ("a", "bfi", 24), (25.0, True),
                 id="over all runs and checkpoints, by request"),
    pytest.param([outcome(row(requests=10, completion_tokens=0))], ("a", "bfi", 24), (0.0, True), id="empty answers"),
]  # fmt: skip


@pytest.mark.parametrize(("outcomes", "asked", "expected"), LENGTHS)
def test_length_of_answers(
    outcomes: list[Outcome], asked: tuple[str, str, int], expected: tuple[float, bool]
) -> None:
    assert rates(*outcomes).completion_tokens(*asked) == expected


def test_tokens_per_character_count_what_a_template_adds() -> None:
    measured = 200 / (840 + 10 * CHARACTERS_PER_MESSAGE)
    assert rates(OWN).tokens_per_character("a") == (measured, True)
    assert rates(OWN).tokens_per_character("b") == (TOKENS_PER_CHARACTER, False), "vocabularies differ"
    assert rates().tokens_per_character("a") == (TOKENS_PER_CHARACTER, False)


NEAR, FAR = row(before=0, seconds=2.0), row(before=10, completion_tokens=50, seconds=8.0)
# Ten seconds after the start, shared out 2 : 8.
SPEEDS = [
    pytest.param([outcome(NEAR, FAR)], "a", 0, (100 / 2, True), id="measured there"),
    pytest.param([outcome(NEAR, FAR)], "a", 10, (50 / 8, True), id="measured there, slower behind more rounds"),
    pytest.param([outcome(NEAR, FAR)], "a", 4, (100 / 2, True), id="the nearest below"),
    pytest.param([outcome(NEAR, FAR)], "a", 6, (50 / 8, True), id="the nearest above"),
    pytest.param([outcome(NEAR, FAR)], "a", 99, (50 / 8, True), id="beyond the last"),
    pytest.param([outcome(NEAR, model="b")], "a", 0, (100 / 10, True), id="another model on the same engine"),
    pytest.param([outcome(NEAR, model="b"), outcome(NEAR, engine_seconds=7.0)], "a", 0, (100 / 5, True),
                 id="its own before that of others"),
    pytest.param([outcome(NEAR, model="b", engine="llama.cpp")], "a", 0,
                 (8 / ENDPOINT.needs.seconds_per_token, False), id="another engine says nothing"),
    pytest.param([outcome(row(completion_tokens=0))], "a", 0, (8 / ENDPOINT.needs.seconds_per_token, False),
                 id="no token, no speed"),
    pytest.param([outcome(NEAR, engine_seconds=2.0)], "a", 0, (8 / ENDPOINT.needs.seconds_per_token, False),
                 id="no time, no speed"),
]  # fmt: skip


@pytest.mark.parametrize(("outcomes", "slug", "before", "expected"), SPEEDS)
def test_speed(outcomes: list[Outcome], slug: str, before: int, expected: tuple[float, bool]) -> None:
    value, measured = rates(*outcomes).tokens_per_second(slug, ENDPOINT, before)
    assert value == pytest.approx(expected[0]) and measured == expected[1]


@pytest.mark.parametrize(
    ("model", "concurrency", "side_by_side"),
    [(ENDPOINT, 1, 1), (ENDPOINT, 12, 8), (LLAMA, 2, 2), (LLAMA, 64, 8)],
    ids=["alone", "more than stated for", "two lanes", "many lanes"],
)
def test_stated_speed_grows_with_answers_under_way(model: ModelSection, concurrency: int, side_by_side: int) -> None:
    given = model.model_copy(update={"concurrency": concurrency})
    assert rates().tokens_per_second("a", given, 0) == (side_by_side / model.needs.seconds_per_token, False)


def test_start_seconds() -> None:
    given = rates(outcome(row(), start_seconds=2.0), outcome(row(), start_seconds=4.0), outcome(row(), model="b"))
    assert given.start_seconds("a", ENDPOINT) == (3.0, True)
    assert given.start_seconds("c", LLAMA) == (LLAMA.needs.start_seconds, False), "models differ in size"
    assert rates(outcome(row(), start_seconds=0.0)).start_seconds("a", ENDPOINT) == (0.0, False)


def test_a_batch_that_asked_nothing_measured_nothing() -> None:
    assert rates(outcome(), OWN).outcomes == (OWN,)


def test_what_a_judge_wrote_about_a_benchmark_is_no_answer_to_it() -> None:
    """A verdict on an answer to `bfi` is counted apart from answers to `bfi`, of which it says nothing."""
    verdicts = outcome(row("judged bfi", completion_tokens=500), model="j")
    assert rates(verdicts).completion_tokens("a", "bfi", 24) == (24.0, False)
