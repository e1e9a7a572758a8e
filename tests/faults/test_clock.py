"""A wall clock that jumps by hours, ahead and back, while a batch runs: nobody waits, loses or reorders for it."""

import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from tests.faults.conftest import assert_one_sentence, compare
from tests.faults.finished import Journaled, assert_complete
from tests.faults.program import FaultServer
from tests.faults.runs import Launcher
from tests.helpers import Project

pytestmark = pytest.mark.faults

JUMPS = [pytest.param(5 * 3600.0, id="5 hours"), pytest.param(400 * 86400.0, id="400 days")]
ERROR = {"error": {"message": "slow down"}}
NOTHING = Journaled({}, frozenset(), 0)


@pytest.mark.parametrize("jump", JUMPS)
def test_the_clock_jumps(
    jump: float, study: Project, server: FaultServer, launcher: Launcher, undisturbed: dict[str, Any]
) -> None:
    """With a server that is slow, overloaded and failing meanwhile, so that there is something to wait for."""
    overloaded = {"status": 429, "headers": {"retry-after": "0.3"}, "body": ERROR}
    failing = {"status": 503, "body": ERROR}
    server.program({"skip": 8, "times": 6, "do": overloaded}, {"skip": 20, "times": 3, "do": failing}, pace=0.01)
    attempt = launcher.start(study, clock=jump)
    assert attempt.code() == 0, attempt.told()
    compare(study, NOTHING, server, launcher)
    assert_complete(study, undisturbed)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_server_that_names_a_moment(
    jump: float, study: Project, server: FaultServer, launcher: Launcher, goes_on: Callable[[Project], None]
) -> None:
    """By a wrong clock that moment is hours away. Nobody waits so long: it is asked again, or the end has a name."""
    soon = {"retry-after": formatdate(time.time() + 1, usegmt=True)}
    server.program({"skip": 8, "times": 6, "do": {"status": 429, "headers": soon, "body": ERROR}}, pace=0.01)
    attempt = launcher.start(study, clock=jump)
    assert attempt.code() in (0, 75), attempt.told()
    if attempt.code() == 75:
        assert_one_sentence(attempt, "engine-unavailable", "HTTP 429")
    goes_on(study)
