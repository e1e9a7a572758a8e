"""An endpoint that fails, and comes back or not: what is finished stays, and the end is that of a quiet run."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from personas.plan.disk import existing_files
from tests.faults.conftest import assert_one_sentence, compare, nothing_runs
from tests.faults.finished import Journaled, assert_complete, content, journaled
from tests.faults.processes import wait_until
from tests.faults.program import FaultServer
from tests.faults.runs import Launcher
from tests.helpers import Project

pytestmark = pytest.mark.faults

NOTHING = Journaled({}, frozenset(), 0)
FAST = {"speed": 50}
FIELDS = ("containing", "skip", "times", "each", "share")
ERROR = {"error": {"message": "it failed", "type": "some_error", "code": None}}


def rule(**do: Any) -> dict[str, Any]:
    """A rule; what is no field of a rule belongs to its outcome."""
    made: dict[str, Any] = {name: do.pop(name) for name in FIELDS if name in do}
    return {**made, "do": do}


def status(number: int, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return rule(status=number, body=ERROR, headers=headers or {}, **more)


RECOVERS = [
    pytest.param([status(429, {"retry-after": "2"}, skip=5, times=4)], id="429 with Retry-After"),
    pytest.param([status(429, {"retry-after": "Tue, 24 Nov 2026 19:00:00 GMT"}, times=4)], id="429 with a past date"),
    pytest.param([status(429, skip=5, times=4)], id="429 without Retry-After"),
    pytest.param([status(429, share=0.3, each=2)], id="429 twice for a third of the requests"),
    pytest.param([status(code, skip=4 * place, times=3) for place, code in enumerate((500, 502, 503, 504, 529))],
                 id="bursts of 5xx"),
    pytest.param([rule(act="reset", share=0.4, each=1)], id="connection reset"),
    pytest.param([rule(act="close", share=0.4, each=1)], id="connection closed without an answer"),
    pytest.param([rule(act="cut", share=0.4, each=1)], id="connection closed in the middle of an answer"),
    pytest.param([rule(pause=0.3, times=8)], id="some answers take long"),
]  # fmt: skip


@pytest.mark.parametrize("rules", RECOVERS)
def test_a_fault_that_passes_leaves_no_trace(
    rules: list[dict[str, Any]],
    study: Project,
    server: FaultServer,
    launcher: Launcher,
    undisturbed: dict[str, Any],
) -> None:
    server.program(*rules)
    attempt = launcher.start(study, **FAST)
    assert attempt.code() == 0, attempt.told()
    compare(study, NOTHING, server, launcher)
    assert_complete(study, undisturbed)
    asked = server.asked()
    assert sum(entry["answered"] for entry in asked) == len(journaled(study.results).lines), "each answered once"
    assert "pause" in rules[0]["do"] or len(asked) > len(journaled(study.results).lines), "no fault happened"


def test_retry_after_is_waited_for(study: Project, server: FaultServer, launcher: Launcher) -> None:
    """A pause is a lower bound, so a slow machine cannot break this; the first request stands alone."""
    server.program(status(429, {"retry-after": "8"}, times=1))
    study.edit(models__alpha__concurrency=1)
    assert launcher.start(study, speed=10).code() == 0
    first, second = server.asked()[:2]
    assert first["mark"] == second["mark"] and second["at"] - first["at"] >= 0.8


STAYS = [
    pytest.param(status(503), 75, "engine-unavailable", "HTTP 503", id="503 for ever"),
    pytest.param(status(429), 75, "engine-unavailable", "HTTP 429", id="429 for ever"),
    pytest.param(rule(act="reset"), 75, "engine-unavailable", "reached", id="reset for ever"),
    pytest.param(rule(act="hang"), 75, "engine-unavailable", "reached", id="hangs for ever"),
    pytest.param(status(401), 76, "engine-refuses", "HTTP 401", id="401"),
    pytest.param(status(404), 76, "engine-refuses", "HTTP 404", id="model unknown"),
]


@pytest.mark.parametrize("when", [0, 20], ids=["from the start", "in the middle"])
@pytest.mark.parametrize(("fault", "code", "name", "part"), STAYS)
def test_a_fault_that_stays_ends_the_batch_by_name(
    fault: dict[str, Any],
    code: int,
    name: str,
    part: str,
    when: int,
    study: Project,
    server: FaultServer,
    launcher: Launcher,
    goes_on: Callable[[Project], None],
) -> None:
    server.program({**fault, "skip": when})
    hangs = fault["do"].get("act") == "hang"
    # Two seconds at this speed: a busy machine must answer what is answered in less.
    values = {"values": {"personas.engines.http.client.REQUEST_TIMEOUT": 400.0}} if hangs else {}
    attempt = launcher.start(study, speed=200, **values)
    assert attempt.code() == code, attempt.told()
    assert_one_sentence(attempt, name, part)
    compare(study, NOTHING, server, launcher)
    assert existing_files(study.results) == frozenset()
    assert len(journaled(study.results).lines) == when
    goes_on(study)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/v1", "http://no-such-host.invalid/v1"])
def test_an_address_where_nobody_is(
    address: str, study: Project, server: FaultServer, launcher: Launcher, goes_on: Callable[[Project], None]
) -> None:
    study.edit(models__alpha__base_url=address)
    attempt = launcher.start(study, **FAST)
    assert attempt.code() == 75, attempt.told()
    assert_one_sentence(attempt, "engine-unavailable", "reached")
    goes_on(study.edit(models__alpha__base_url=server.base_url))


def test_a_server_that_dies_with_requests_and_comes_back(
    study: Project, server: FaultServer, launcher: Launcher, undisturbed: dict[str, Any]
) -> None:
    """A second or so of refused connections; the batch waits it out."""
    server.program(rule(act="exit", skip=20), pace=0.01)
    attempt = launcher.start(study)
    wait_until(lambda: not server.alive, "the server to die")
    before = journaled(study.results)
    time.sleep(0.5)
    server.start()
    assert attempt.code() == 0, attempt.told()
    compare(study, before, server, launcher)
    assert_complete(study, undisturbed)


def test_a_server_that_starts_after_the_batch(
    study: Project, server: FaultServer, launcher: Launcher, undisturbed: dict[str, Any]
) -> None:
    server.stop()
    attempt = launcher.start(study)
    wait_until(lambda: attempt.batch, "the batch to start")
    time.sleep(1.0)
    server.start()
    assert attempt.code() == 0, attempt.told()
    compare(study, NOTHING, server, launcher)
    assert_complete(study, undisturbed)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"id": "c1", "cho', id="half a completion"),
        pytest.param("<html>Bad gateway</html>", id="a page"),
        pytest.param('"text"', id="JSON, but no completion"),
    ],
)
def test_broken_content(
    body: str, study: Project, server: FaultServer, launcher: Launcher, goes_on: Callable[[Project], None]
) -> None:
    """An answer that is none is never a text: either it is asked again, or the batch ends by name."""
    server.program(rule(body=body, skip=10, times=1))
    attempt = launcher.start(study, **FAST)
    assert attempt.code() in (0, 75), attempt.told()
    if attempt.code() == 75:
        assert_one_sentence(attempt, "engine-unavailable", "no completion")
    goes_on(study)


ITEM = "rob the bank in a cooperative"
NO_CHOICE = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
OVERFLOW = {"error": {"message": "maximum context length is 8 tokens", "code": "context_length_exceeded"}}
FILTERED = {"error": {"message": "The prompt was filtered", "code": "content_filter"}}
ENDS = [
    pytest.param({"text": ""}, "empty", "", id="empty content"),
    pytest.param({"text": " \n"}, "empty", " \n", id="blank content"),
    pytest.param({"text": None}, "empty", None, id="null content"),
    pytest.param({"body": NO_CHOICE}, "empty", None, id="no choice"),
    pytest.param({"text": "I", "finish": "length"}, "truncated", "I", id="cut by its length"),
    pytest.param({"text": "I kn", "finish": "content_filter"}, "blocked", None, id="content filter"),
    pytest.param({"status": 400, "body": FILTERED}, "blocked", None, id="filtered prompt"),
    pytest.param({"refusal": "I cannot.", "text": None}, "refused", "I cannot.", id="refusal"),
    pytest.param({"status": 400, "body": OVERFLOW}, "context_overflow", None, id="context overflow"),
    pytest.param({"status": 422, "body": ERROR}, "api_error", None, id="rejected"),
]


@pytest.mark.parametrize(("outcome", "ends", "text"), ENDS)
def test_what_is_the_requests_own_is_a_status(
    outcome: dict[str, Any],
    ends: str,
    text: str | None,
    study: Project,
    server: FaultServer,
    launcher: Launcher,
    undisturbed: dict[str, Any],
) -> None:
    """All rows but those of the item are as ever; made again, the journal tells them without the server."""
    server.program({"containing": ITEM, "do": outcome})
    assert launcher.start(study).code() == 0
    compare(study, NOTHING, server, launcher)
    assert_complete(study)
    first = content(study)
    for path, rows in first.items():
        for row, quiet in zip(rows, undisturbed[path], strict=True):
            if ITEM in row.get("prompt", ""):
                assert (row["status"], row["answer"]) == (ends, text)
            else:
                assert row == quiet

    for path in first:
        (study.results / path).unlink()
    server.program({"containing": ITEM, "do": outcome})
    assert launcher.start(study).code() == 0
    nothing_runs(launcher)
    assert content(study) == first
    assert {entry["answered"] for entry in server.asked()} <= {False}, "only what was rejected is asked again"
    assert bool(server.asked()) == (ends == "api_error")
