"""A wall clock that jumps by hours, ahead and back, while a batch runs: nobody waits, loses or reorders for it."""

import time
from email.utils import formatdate
from typing import Any

import pytest

from tests.faults.conftest import compare
from tests.faults.finished import Journaled, assert_complete
from tests.faults.world import FaultServer, Launcher
from tests.helpers import Project

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("hours", [5, 24 * 400], ids=lambda hours: f"{hours} hours")
def test_the_clock_jumps(
    hours: int, study: Project, server: FaultServer, launcher: Launcher, undisturbed: dict[str, Any]
) -> None:
    """Also with servers that name a moment to come back at: a clock that is wrong must not make that hours."""
    soon = {"retry-after": formatdate(time.time() + 1, usegmt=True)}
    error = {"error": {"message": "slow down"}}
    server.program({"skip": 8, "times": 6, "do": {"status": 429, "headers": soon, "body": error}}, pace=0.01)
    attempt = launcher.start(study, clock=hours * 3600.0)
    assert attempt.code() == 0, attempt.told()
    compare(study, Journaled({}, frozenset(), 0), server, launcher)
    assert_complete(study, undisturbed)
