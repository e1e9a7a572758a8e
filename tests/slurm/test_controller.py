"""What becomes of cluster jobs when Snakemake, which submitted them, is stopped or killed."""

import signal

import pytest

from tests.slurm.site import CELLS
from tests.slurm.stories import BATCH, Stopped

pytestmark = [pytest.mark.workflow, pytest.mark.slurm, pytest.mark.timeout(900)]


def test_sigkill_leaves_jobs_that_the_next_start_names_and_waits_for(killed: Stopped) -> None:
    assert killed.code == -signal.SIGKILL
    assert killed.queued == {killed.job: ("RUNNING", BATCH)}, "a killed Snakemake cancels nothing"
    told = [line for line in killed.again.splitlines() if "Jobs of an earlier run" in line]
    assert len(told) == 1 and f"{killed.job} ({BATCH}, running)" in told[0], killed.again
    (job,) = killed.site.jobs()
    assert job["JobId"] == killed.job and job["JobState"] == "COMPLETED", "the old job made the cells"
    killed.site.settled(CELLS)


def test_leftovers_are_cancelled_on_request(cancelled: Stopped) -> None:
    assert cancelled.code == -signal.SIGKILL
    assert BATCH in cancelled.cancelled and "Cancelled." in cancelled.cancelled
    assert cancelled.before < set(cancelled.site.asked())
    assert [job["JobState"] for job in cancelled.site.jobs()] == ["CANCELLED", "COMPLETED"]
    cancelled.site.settled(CELLS)


def test_sigint_cancels_and_the_same_command_goes_on(interrupted: Stopped) -> None:
    assert interrupted.code == 1, interrupted.output
    assert "stopped: The batch got SIGTERM; the journal keeps what it finished." in interrupted.site.logs()
    assert "earlier run" not in interrupted.again, "nothing was left"
    assert interrupted.before < set(interrupted.site.asked())
    interrupted.site.settled(CELLS)


def test_sigterm_waits_for_jobs_and_the_same_command_goes_on(terminated: Stopped) -> None:
    assert terminated.code == 1 and not terminated.queued, terminated.output
    assert [job["JobState"] for job in terminated.ended] == ["COMPLETED"]
    assert len(terminated.site.jobs()) == 1, "there was nothing left to do"
    terminated.site.settled(CELLS)
