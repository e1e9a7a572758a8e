"""One run of two batches that meets what a cluster does to jobs: each test looks at one of the faults.

`hungry` gets too little memory at first, `unlucky` is cancelled by
somebody; slurmctld goes away until a poll has failed, and the node is drained when the retries come.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.helpers import FakeServer, answer, said
from tests.slurm.cluster import Cluster
from tests.slurm.conftest import CELLS, Site, end_all, make_site, slow_config

pytestmark = [pytest.mark.workflow, pytest.mark.slurm, pytest.mark.timeout(400)]

MODELS = ("hungry", "unlucky")
PAUSE = {"org/hungry": 0.1, "org/unlucky": 0.3}
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
def storm(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Storm]:
    with FakeServer() as server:
        server.decide = lambda body: answer(said(body["messages"]), pause=PAUSE[body["model"]])
        site = make_site(tmp_path_factory.mktemp("storm"), cluster, slow_config(server, *MODELS))
        less = "generate_hungry:mem_mb=100 + 1400 * (attempt - 1)"
        with (site.folder / "output.txt").open("w+") as output:
            arguments = ("generate", "--verbose", "--set-resources", less)
            process = site.start("--profile", "slurm", *arguments, to=output)
            try:
                cancelled, pending = _weather(site, server)
                code = process.wait(300)
                text = (site.folder / "output.txt").read_text()
                yield Storm(site, server, text, code, cancelled, pending, _jobs(site, text))
            finally:
                process.kill()
                process.wait()
                cluster.set_node("RESUME", check=False)
                end_all(site)


def _weather(site: Site, server: FakeServer) -> tuple[str, set[str]]:
    """Make the storm; return the job that was cancelled, and the rules that had to wait for the drained node."""
    site.wait_for(lambda: _count(server, "org/unlucky") >= 3, "three requests", 120)
    cancelled = str(site.running("generate_unlucky_01"))
    site.cluster.ask("scancel", cancelled)
    site.wait_for(lambda: cancelled not in site.queued(), "the cancelled job to be gone")
    site.cluster.stop("slurmctld")
    site.wait_for(lambda: FAILED_POLL in (site.folder / "output.txt").read_text(), "a failed poll", 120)
    site.cluster.start("slurmctld")
    site.cluster.set_node("DRAIN")
    pending = site.wait_for(lambda: _pending(site), "a job that waits for the node", 120)
    assert "drain" in site.cluster.ask("sinfo", "-h", "-o", "%T").stdout
    site.cluster.set_node("RESUME")
    return cancelled, pending


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
