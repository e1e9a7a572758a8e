"""What is mended in Snakemake's scheduler, against the classes that it reaches into."""

import inspect
import signal
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake.api  # noqa: F401 (first: its modules import each other)
from snakemake.dag import DAG
from snakemake.exceptions import ChildIOException
from snakemake.io import IOFile, flag
from snakemake.output_index import OutputIndex
from snakemake.persistence import PersistenceBase
from snakemake.rules import Rule
from snakemake.scheduling.job_scheduler import JobScheduler

from personas.workflow.patches.snakemake import PATCHES, _by_name, _except_of, _where_folders_are, patch_scheduler


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
            assert scheduler._user_kill == "graceful", "no job starts after it, whoever gets the lock next"
        assert scheduler._open_jobs.acquire(timeout=20)
    finally:
        signal.signal(signal.SIGTERM, before)


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


def test_a_file_in_a_folder_that_another_job_makes_is_refused_still() -> None:
    assert "self.check_directory_outputs()" in inspect.getsource(DAG.init)
    folder, inside, beside = IOFile(flag("a", "directory")), IOFile("a/b.txt"), IOFile("c.txt")
    called = list[Any]()

    def looked_at(*jobs: list[Any]) -> bool:
        dag = SimpleNamespace(jobs=[Job(files) for files in jobs])
        _where_folders_are(called.append)(dag)
        return bool(called) and called.pop() is dag

    assert looked_at([folder], [inside]) and looked_at([beside, folder])
    assert not looked_at([inside], [beside])
    with pytest.raises(ChildIOException):
        _where_folders_are(DAG.check_directory_outputs)(SimpleNamespace(jobs=[Job([folder]), Job([inside])]))


class Job:
    """A job as far as its outputs go."""

    def __init__(self, output: list[Any]) -> None:
        self.output = output

    def __lt__(self, other: "Job") -> bool:
        return id(self) < id(other)


def test_other_inputs_count_for_rules_of_others_only() -> None:
    assert "_bool_or_gen(self._input_changed" in inspect.getsource(PersistenceBase.input_changed)
    changed = _except_of({"values"}, lambda persistence, job, file: file == "changed")
    ours, other = (SimpleNamespace(rule=SimpleNamespace(name=name)) for name in ("values", "steadiness"))
    assert not changed(None, ours, "changed")
    assert changed(None, other, "changed") and not changed(None, other, "same")
