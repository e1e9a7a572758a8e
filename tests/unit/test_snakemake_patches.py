"""What is mended in Snakemake's scheduler, against the classes that it reaches into."""

import inspect
import signal
import sys
import threading
from typing import Any

import pytest
import snakemake.api  # noqa: F401 (first: its modules import each other)
from snakemake.io import IOFile
from snakemake.output_index import OutputIndex
from snakemake.rules import Rule
from snakemake.scheduling.job_scheduler import JobScheduler

from personas.workflow.snakemake_patches import PATCHES, _by_name, patch_scheduler


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


class Makes:
    """A rule as far as its outputs go."""

    def __init__(self, *outputs: str) -> None:
        self._products = [IOFile(output) for output in outputs]

    def products(self) -> list[Any]:
        return self._products

    def is_producer(self, target: str) -> bool:
        return bool(Rule.is_producer(self, target))


class ByName(OutputIndex):  # type: ignore[misc]
    """What the patch makes of the class."""

    __init__, match_producers = _by_name(OutputIndex)


def test_who_makes_a_file_is_found_by_name_as_by_looking_at_all() -> None:
    assert "self.output_index.match_producers(targetfile)" in inspect.getsource(
        sys.modules["snakemake.dag"].DAG.file2jobs
    )
    rules = [Makes("a/b.txt", "a/c.txt"), Makes("a/{x}.txt"), Makes("d/{x}.csv", "d/e.txt"), Makes("a/b.txt")]
    rules += [Makes("odd (1).[x]+.txt"), Makes("a")]
    plain, by_name = OutputIndex(rules), ByName(rules)
    targets = ("a/b.txt", "a/c.txt", "a/z.txt", "d/q.csv", "d/e.txt", "odd (1).[x]+.txt", "odd", "a", "a/", "nothing")
    found = {target: by_name.match_producers(target) for target in targets}
    assert found == {target: plain.match_producers(target) for target in targets}
    assert [len(found[target]) for target in targets] == [3, 2, 1, 1, 1, 1, 0, 1, 0, 0]
