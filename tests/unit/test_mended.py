"""What is mended in Snakemake's scheduler, against the classes that it reaches into."""

import asyncio
import inspect
import signal
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.io import IOFile
from snakemake.scheduling.greedy import Scheduler
from snakemake.scheduling.job_scheduler import JobScheduler

from personas.workflow.snakemake_patches import MENDED, mend_scheduler


@pytest.fixture
def scheduler() -> Any:
    """A scheduler as far as it handles SIGTERM and inputs."""
    mend_scheduler()
    scheduler = JobScheduler.__new__(JobScheduler)
    scheduler._lock, scheduler._open_jobs = threading.Lock(), threading.Semaphore(0)
    scheduler._user_kill, scheduler._input_sizes = None, {}
    return scheduler


def test_snakemake_still_has_and_calls_what_is_mended() -> None:
    calls = {
        "exit_gracefully": (JobScheduler.__init__, "signal.signal(signal.SIGTERM, self.exit_gracefully)"),
        "_schedule_reevalutation": (JobScheduler.schedule, "self._schedule_reevalutation(self.job_rate_limiter."),
        "update_input_sizes": (JobScheduler.job_selector, "self.update_input_sizes(jobs)"),
    }
    assert calls.keys() == MENDED.keys()
    for name, (caller, call) in calls.items():
        assert name in JobScheduler.__dict__ and call in inspect.getsource(caller), name


@pytest.mark.timeout(30)
def test_a_sigterm_waits_for_the_lock_of_the_thread_that_it_strikes(scheduler: Any) -> None:
    before = signal.signal(signal.SIGTERM, scheduler.exit_gracefully)
    try:
        with scheduler._lock:
            signal.raise_signal(signal.SIGTERM)
        assert scheduler._open_jobs.acquire(timeout=20)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert scheduler._user_kill == "graceful"


def test_selections_that_were_asked_for_at_once_are_one(scheduler: Any) -> None:
    """Each asks for the next one, so that as many were made every second as were ever asked for."""
    for _ in range(5):
        scheduler._schedule_reevalutation(0.2)
    assert scheduler._open_jobs.acquire(timeout=20)
    assert not scheduler._open_jobs.acquire(timeout=0.5)
    scheduler._schedule_reevalutation(0.01)
    assert scheduler._open_jobs.acquire(timeout=20), "there is no next one"


def test_no_input_is_looked_up_and_the_greedy_scheduler_can_choose(scheduler: Any) -> None:
    inputs = [IOFile(f"no-such-folder/{name}", rule=None) for name in "ab"]
    jobs = [SimpleNamespace(input=[file], priority=0) for file in inputs]
    asyncio.run(scheduler.update_input_sizes(jobs))
    assert [scheduler._input_sizes[file] for file in inputs] == [0, 0]
    greedy = SimpleNamespace(settings=SimpleNamespace(omit_prioritize_by_temp_and_input=False))
    assert [Scheduler.job_reward(greedy, job, scheduler._input_sizes) for job in jobs] == [(0, 0, 0)] * 2
