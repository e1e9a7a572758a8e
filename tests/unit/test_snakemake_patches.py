"""What is mended in Snakemake's scheduler, against the classes that it reaches into."""

import inspect
import signal
import threading
from typing import Any

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

from personas.workflow.snakemake_patches import PATCHES, patch_scheduler


@pytest.fixture
def scheduler() -> Any:
    """A scheduler as far as it handles SIGTERM."""
    patch_scheduler()
    scheduler = JobScheduler.__new__(JobScheduler)
    scheduler._lock, scheduler._open_jobs = threading.Lock(), threading.Semaphore(0)
    scheduler._user_kill = None
    return scheduler


def test_snakemake_still_has_and_calls_what_is_mended() -> None:
    calls = {"exit_gracefully": (JobScheduler.__init__, "signal.signal(signal.SIGTERM, self.exit_gracefully)")}
    assert calls.keys() == PATCHES.keys()
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
