"""One run of two batches that meets what a cluster does to jobs: each test looks at one of the faults.

`hungry` gets too little memory at first, `unlucky` is cancelled by somebody; slurmctld goes away until a poll has
failed, and the node is drained when the retries come.
"""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import FakeServer
from tests.slurm.cluster import Cluster
from tests.slurm.site import CELLS, Site, end_all, make_site, slow_config

pytestmark = [pytest.mark.workflow, pytest.mark.slurm, pytest.mark.timeout(900)]

MODELS = ("hungry", "unlucky")
FAILED_POLL = "(final attempt)"
"""The plugin says so when it gives up a round of polls, and forgets all jobs."""


@dataclass
class Storm:
    """What there was to see. `jobs` are the SLURM jobs of each batch, in the order of their submission."""

    site: Site
    server: FakeServer
    output: str
    code: int
    cancelled: str
    pending: set[str]
    jobs: dict[str, list[dict[str, str]]]

    def states(self, model: str) -> list[str]:
        return [job["JobState"] for job in self.jobs[model]]

    def log(self, model: str, attempt: int) -> str:
        """What a job said; logs of jobs that completed are removed."""
        job = self.jobs[model][attempt]["JobId"]
        return (self.site.folder / f".snakemake/slurm_logs/rule_generate_{model}_01/{job}.log").read_text()


@pytest.fixture(scope="module")
def storm(
    tmp_path_factory: pytest.TempPathFactory, cluster: Cluster, home: Path, stories: dict[str, Future[Any]]
) -> Iterator[Storm]:
    wait(stories.values())  # none of them is to meet this weather
    with FakeServer() as server:
        site = make_site(tmp_path_factory.mktemp("storm") / "checkout", cluster, home)
        site.configure(slow_config(server, *MODELS))
        try:
            yield _weather(site, server)
        finally:
            cluster.mend()
            end_all(site)


def _weather(site: Site, server: FakeServer) -> Storm:
    """Make the storm, and wait for the end of the run in it."""
    release = server.hold(3, lambda body: body["model"] == "org/unlucky")
    less = "generate_hungry:mem_mb=100 + 1400 * (attempt - 1)"
    # Every submission that meets the absent controller costs an attempt, and every look costs half a minute.
    patience = ("--retries", "9", "--slurm-status-attempts", "1")
    run = site.submit("generate", "--verbose", "--set-resources", less, *patience)
    run.wait_for(lambda: _count(server, "org/unlucky") > 3, "three answered requests")
    cancelled = site.running("generate_unlucky_01")
    assert cancelled is not None
    site.cluster.drain()  # now, so that no retry begins before it
    site.cluster.told("scancel", cancelled)
    run.wait_for(lambda: cancelled not in site.queued(), "the cancelled job to be gone")
    release.set()
    site.cluster.stop("slurmctld")
    run.wait_for(lambda: FAILED_POLL in run.output, "a failed poll")
    site.cluster.start("slurmctld")
    pending = run.wait_for(lambda: _pending(site), "a job that waits for the node")
    assert "drain" in site.cluster.told("sinfo", "-h", "-o", "%T")
    site.cluster.resume()
    code, output = run.end()
    return Storm(site, server, output, code, cancelled, pending, _jobs(site, output))


def _count(server: FakeServer, model: str) -> int:
    return sum(body["model"] == model for body in server.bodies)


def _pending(site: Site) -> set[str]:
    return {rule for state, rule in site.queued().values() if state == "PENDING"}


def _jobs(site: Site, output: str) -> dict[str, list[dict[str, str]]]:
    ended = {job["JobId"]: job for job in site.jobs()}
    submitted = re.findall(r"jobid (\d+) \(log: \S*/rule_generate_(\w+)_01/", output)
    return {model: [ended[job] for job, name in submitted if name == model] for model in MODELS}


def test_ends_in_a_finished_grid(storm: Storm) -> None:
    assert storm.code == 0, storm.output[-3000:]
    assert f"Made: {2 * CELLS} of {2 * CELLS} cells" in storm.output
    storm.site.settled(2 * CELLS)


def test_a_cancelled_batch_goes_on_from_its_journal(storm: Storm) -> None:
    assert storm.jobs["unlucky"][0]["JobId"] == storm.cancelled
    _ends_well(storm.states("unlucky"), "CANCELLED")
    assert "stopped: The batch got SIGTERM" in storm.log("unlucky", 0)
    again = sum(count - 1 for count in _bodies(storm, "org/unlucky").values())
    assert again < len(storm.states("unlucky")), "only the request that was under way is sent again"


def test_a_batch_out_of_memory_gets_more(storm: Storm) -> None:
    _ends_well(storm.states("hungry"), "FAILED")
    assert "exceeded memory limit" in storm.log("hungry", 0)
    first, *_, last = (re.search(r"mem=(\d+)M", job["Tres"]) for job in storm.jobs["hungry"])
    assert first and last and int(last[1]) > int(first[1])


def test_polls_outlive_an_absent_controller(storm: Storm) -> None:
    assert FAILED_POLL in storm.output
    assert storm.code == 0, "the plugin did not forget its jobs"


def test_jobs_wait_for_a_drained_node(storm: Storm) -> None:
    assert storm.pending <= {f"generate_{model}_01" for model in MODELS}
    assert storm.pending and storm.code == 0


def _ends_well(states: list[str], first: str) -> None:
    """Between the fault and the good end, a job whose start met the absent controller may have failed too."""
    assert states[0] == first and states[-1] == "COMPLETED" and set(states[1:-1]) <= {"FAILED"}, states


def _bodies(storm: Storm, model: str) -> Counter[str]:
    return Counter(str(body) for body in storm.server.bodies if body["model"] == model)
