"""The watch over the plugin's checks, against what the plugin does in bad moments and a real queue."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from personas.core.slurm import LONGEST_WAIT, watch
from tests.slurm.cluster import Cluster

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(900)]

FIRST_WAIT = 20
SETTINGS = SimpleNamespace(init_seconds_before_status_checks=FIRST_WAIT)


@dataclass
class Plugin:
    """What the watch uses of the plugin's executor. `keeps`: it yields its jobs; otherwise it forgets them."""

    run_uuid: str
    keeps: bool
    failed: list[str] = field(default_factory=list)
    next_seconds_between_status_checks: float = 180
    workflow: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(executor_settings=SETTINGS))

    async def check_active_jobs(self, jobs: Sequence[SimpleNamespace]) -> AsyncIterator[SimpleNamespace]:
        for job in jobs if self.keeps else ():
            yield job

    def report_job_success(self, job: SimpleNamespace) -> None:
        raise AssertionError("no job succeeds here")

    def report_job_error(self, job: SimpleNamespace, msg: str = "") -> None:
        self.failed.append(job.external_jobid)


def _check(plugin: Plugin, jobs: list[SimpleNamespace]) -> list[SimpleNamespace]:
    async def collect() -> list[SimpleNamespace]:
        return [job async for job in plugin.check_active_jobs(jobs)]

    return asyncio.run(collect())


def test_forgotten_jobs_are_kept(cluster: Cluster) -> None:
    """A poll failed; the job is there."""
    waits = ("--parsable", "--job-name=personas_x", "--mem=50", "--hold", "--wrap", "true")
    job = SimpleNamespace(external_jobid=cluster.ask("sbatch", *waits).stdout.strip())
    plugin = Plugin("personas_x", keeps=False)
    watch(plugin)
    assert [_check(plugin, [job]) for _ in range(3)] == [[job]] * 3
    assert plugin.failed == [] and plugin.next_seconds_between_status_checks == LONGEST_WAIT * FIRST_WAIT == 60
    cluster.ask("scancel", job.external_jobid)


def test_a_lost_job_fails_at_the_second_look(cluster: Cluster) -> None:
    """SLURM has forgotten it, or it was preempted for good: the plugin alone would wait for ever."""
    job = SimpleNamespace(external_jobid="999999")
    plugin = Plugin("personas_y", keeps=True)
    watch(plugin)
    assert _check(plugin, [job]) == [job], "it may have ended a moment ago; the plugin then tells how"
    assert _check(plugin, [job]) == []
    assert plugin.failed == ["999999"]


def test_nothing_is_lost_while_slurm_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    job = SimpleNamespace(external_jobid="999999")
    plugin = Plugin("personas_z", keeps=False)
    watch(plugin)
    assert [_check(plugin, [job]) for _ in range(3)] == [[job]] * 3
    assert plugin.failed == []
