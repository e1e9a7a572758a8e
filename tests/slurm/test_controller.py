"""What becomes of cluster jobs when Snakemake, which submitted them, is stopped or killed."""

import signal

import pytest

from tests.helpers import FakeServer
from tests.slurm.conftest import CELLS, Site

pytestmark = [pytest.mark.workflow, pytest.mark.slurm]

BATCH = "generate_alpha_01"


def _stop(site: Site, number: signal.Signals) -> tuple[int, str]:
    """Start, send a signal to Snakemake in the middle of the batch, and return how it ended."""
    process = site.submit("generate")
    site.wait_for(lambda: len(site.asked()) >= 3, "three finished requests")
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def test_sigkill_leaves_jobs_that_the_next_start_names_and_waits_for(site: Site, slow: FakeServer) -> None:
    code, _ = _stop(site, signal.SIGKILL)
    assert code == -signal.SIGKILL
    job = site.running(BATCH)
    assert job is not None, "a killed Snakemake cancels nothing"

    output = site.finish("generate")

    told = [line for line in output.splitlines() if "Jobs of an earlier run" in line]
    assert len(told) == 1 and f"{job} ({BATCH}, running)" in told[0], output
    assert len(site.jobs()) == 1 and site.jobs()[0]["JobState"] == "COMPLETED", "the old job made the cells"
    site.settled(CELLS)


def test_leftovers_are_cancelled_on_request(site: Site) -> None:
    _stop(site, signal.SIGKILL)
    told = site.personas("leftovers", "--cancel")
    assert BATCH in told and "Cancelled." in told
    before = set(site.asked())

    site.finish("generate")

    assert before < set(site.asked())
    assert [job["JobState"] for job in site.jobs()] == ["CANCELLED", "COMPLETED"]
    site.settled(CELLS)


def test_sigint_cancels_and_the_same_command_goes_on(site: Site) -> None:
    code, output = _stop(site, signal.SIGINT)
    assert code == 1, output
    site.wait_for(lambda: not site.queued(), "the cancelled job to end", 30)
    before = set(site.asked())
    assert "stopped: The batch got SIGTERM; the journal keeps what it finished." in site.logs()

    output = site.finish("generate")

    assert "earlier run" not in output, "nothing was left"
    assert before < set(site.asked())
    site.settled(CELLS)


def test_sigterm_waits_for_jobs_and_the_same_command_goes_on(site: Site) -> None:
    code, output = _stop(site, signal.SIGTERM)
    assert code == 1 and not site.queued(), output
    assert [job["JobState"] for job in site.jobs()] == ["COMPLETED"]

    site.finish("generate")

    assert len(site.jobs()) == 1, "there was nothing left to do"
    site.settled(CELLS)
