"""What happens to runs on the cluster. The stories are under way at the same time; tests look at what they tell.

None counts on seconds: servers hold their answers back until what a story waits for has happened.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.helpers import FakeServer, Outcome, answer, said
from tests.slurm.site import SLOW, Run, Site, slow_config
from tests.workflow.conftest import EMBEDDED, tiny_config

BATCH = "generate_alpha_01"


@dataclass
class Stopped:
    """A run whose Snakemake got a signal after three requests of its only batch, and the same command again."""

    site: Site
    job: str
    code: int
    output: str
    queued: dict[str, tuple[str, str]]
    """Jobs that had not ended when Snakemake had."""
    ended: list[dict[str, str]]
    """Jobs that had."""
    before: set[str]
    """Requests that had been finished when the command was given again."""
    again: str
    cancelled: str = ""
    """What `personas orphaned-jobs --cancel` said in between."""


def _begin(site: Site, server: FakeServer) -> tuple[Run, str]:
    """Start a run; return it once three requests are finished, and the job of its batch."""
    site.configure(slow_config(server, "alpha"))
    run = site.submit("generate")
    run.wait_for(lambda: len(site.asked()) >= 3, "three finished requests")
    job = site.running(BATCH)
    assert job is not None
    return run, job


def killed(site: Site, server: FakeServer) -> Stopped:
    """SIGKILL. The job of its batch is there until the second run has found it."""
    release = server.hold(3)
    run, job = _begin(site, server)
    code, output = run.end_by(signal.SIGKILL)
    queued, ended, before = site.queued(), site.jobs(), set(site.asked())
    second = site.submit("generate")
    second.wait_for(lambda: "Jobs of an earlier run" in second.output, "a look at the jobs of the first")
    release.set()
    return Stopped(site, job, code, output, queued, ended, before, second.end_well())


def cancelled(site: Site, server: FakeServer) -> Stopped:
    """SIGKILL, and the job that is left is cancelled."""
    release = server.hold(3)
    run, job = _begin(site, server)
    code, output = run.end_by(signal.SIGKILL)
    queued, ended = site.queued(), site.jobs()
    told = site.personas("orphaned-jobs", "--cancel")
    before = set(site.asked())
    second = site.submit("generate")
    second.wait_for(lambda: job not in site.queued(), "the end of the cancelled job")
    release.set()
    return Stopped(site, job, code, output, queued, ended, before, second.end_well(), told)


def interrupted(site: Site, server: FakeServer) -> Stopped:
    """SIGINT, upon which Snakemake cancels its jobs."""
    release = server.hold(3)
    run, job = _begin(site, server)
    code, output = run.end_by(signal.SIGINT)
    queued, ended = site.queued(), site.jobs()
    site.wait_for(lambda: not site.queued(), "the cancelled job to end")
    release.set()
    before = set(site.asked())
    return Stopped(site, job, code, output, queued, ended, before, site.finish("generate"))


def terminated(site: Site, server: FakeServer) -> Stopped:
    """SIGTERM, upon which Snakemake waits for its jobs."""
    release = server.hold(3)
    run, job = _begin(site, server)
    run.process.send_signal(signal.SIGTERM)
    run.wait_for(lambda: "Will exit after finishing currently running jobs" in run.output, "an answer to SIGTERM")
    release.set()
    code, output = run.end()
    queued, ended, before = site.queued(), site.jobs(), set(site.asked())
    return Stopped(site, job, code, output, queued, ended, before, site.finish("generate"))


def grid_config() -> dict[str, object]:
    """Two batches of a real model, side by side."""
    drawn = {**EMBEDDED, "sampling": {"temperature": 0.7, "max_tokens": 8, "seed": 1}}
    greedy = {**EMBEDDED, "sampling": {"temperature": 0.0, "max_tokens": 8}}
    config = tiny_config(models={"greedy": greedy, "drawn": drawn}, patterns={"benchmarks": []}, **SLOW)
    short = {name: condition | {"rounds": 2} for name, condition in config["conditions"].items()}
    return config | {"conditions": short}


@dataclass
class Ran:
    """A run that nobody disturbed."""

    site: Site
    server: FakeServer
    code: int
    output: str


def grid(site: Site, server: FakeServer) -> Ran:
    """Run the workflow up to two figures: every kind of job that goes to a cluster is in it.

    Further tables and figures are made where Snakemake runs, as without a cluster.
    """
    site.configure(grid_config())
    return Ran(site, server, *site.submit("figures/by-checkpoint", "figures/strength-greedy").end())


def overlong(site: Site, server: FakeServer) -> Ran:
    """One batch with a walltime of a minute, SLURM's least, and more than a minute of work, until it was stopped."""

    def decide(body: dict[str, Any]) -> Outcome:
        # The first takes longest by far, so that the batch lets none begin that a busy machine could not end in time.
        pause = 0 if site.jobs() else 8 if server.count == 1 else 2.4
        return answer(said(body["messages"]), pause=pause)

    server.decide = decide
    site.configure(slow_config(server, "long"))
    return Ran(site, server, *site.submit("generate", "--set-resources", "generate_long:runtime=attempt").end())


FIRST = "overlong"
"""It begins by itself: a minute is not much for two Snakemakes and a batch that start beside five others."""

STORIES: dict[str, Callable[[Site, FakeServer], Any]] = {
    story.__name__: story for story in (overlong, killed, cancelled, interrupted, terminated, grid)
}
