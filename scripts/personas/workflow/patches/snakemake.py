"""Faults of Snakemake that long runs and large grids meet, mended in every process that reads our rules.

This reaches into classes that are not documented, hence the pin `snakemake<10` and tests of what is changed. A
version that has no such class or method runs as it is.
"""

import _thread
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Set
from functools import cache
from typing import Any


@cache
def patch_scheduler() -> None:
    """Patch the class of the scheduler, of which Snakemake makes an instance after it has read the rules."""
    with contextlib.suppress(ImportError):
        from snakemake.scheduling.job_scheduler import JobScheduler

        for name, patch in PATCHES.items():
            if hasattr(JobScheduler, name):
                setattr(JobScheduler, name, patch(getattr(JobScheduler, name)))


@cache
def patch_output_index() -> None:
    """Have the rules that make a file looked up by its name.

    Snakemake compares a file with the outputs of all rules by prefix and then as a regular expression each, which
    takes a third of the time in which it plans 20,000 cells (tests/benchmarks/plan_cells.py). Only outputs with
    wildcards need that; ours have none.
    """
    with contextlib.suppress(ImportError):
        from snakemake.output_index import OutputIndex

        if hasattr(OutputIndex, "match_producers"):
            OutputIndex.__init__, OutputIndex.match_producers = _by_name(OutputIndex)


def _by_name(index: type[Any]) -> tuple[Callable[..., None], Callable[[Any, str], set[Any]]]:
    init, match_producers = index.__init__, index.match_producers

    def init_by_name(self: Any, rules: Iterable[Any]) -> None:
        self.by_name = defaultdict(set)
        others = []
        for rule in rules:
            products = list(rule.products())
            if any(product.contains_wildcard() for product in products):
                others.append(rule)
                continue
            for product in products:
                self.by_name[str(product)].add(rule)
        init(self, others)

    def match_producers_by_name(self: Any, targetfile: str) -> set[Any]:
        producers: set[Any] = match_producers(self, targetfile) | self.by_name.get(str(targetfile), set())
        return producers

    return init_by_name, match_producers_by_name


@cache
def patch_folder_check() -> None:
    """Have outputs compared with the folders that jobs make only where a job makes one.

    Snakemake sorts all outputs as paths for it, an eighth of the time in which it plans 20,000 cells.
    """
    with contextlib.suppress(ImportError):
        from snakemake.dag import DAG

        if hasattr(DAG, "check_directory_outputs"):
            DAG.check_directory_outputs = _where_folders_are(DAG.check_directory_outputs)


def _where_folders_are(check: Callable[[Any], None]) -> Callable[[Any], None]:
    def check_directory_outputs(dag: Any) -> None:
        if any(file.is_directory for job in dag.jobs for file in job.output):
            check(dag)

    return check_directory_outputs


def trust_names(rules: Set[str]) -> None:
    """Have the files of some rules, whose names carry digests of their inputs, never count as made of other inputs.

    Such a rule names those inputs that are made at the moment (`FrozenPlan.to_wait_for`), so Snakemake's records
    differ.
    """
    with contextlib.suppress(ImportError):
        from snakemake.persistence import PersistenceBase

        if hasattr(PersistenceBase, "_input_changed"):
            PersistenceBase._input_changed = _except_of(rules, PersistenceBase._input_changed)


def _except_of(rules: Set[str], changed: Callable[..., bool]) -> Callable[..., bool]:
    def input_changed(persistence: Any, job: Any, file: Any = None) -> bool:
        return job.rule.name not in rules and changed(persistence, job, file)

    return input_changed


def hide(files: Set[str]) -> None:
    """Have Snakemake take files for absent while it decides which jobs to run: they are there, and made again."""
    with contextlib.suppress(ImportError):
        from snakemake.io import _IOFile

        if hasattr(_IOFile, "exists_local"):
            _IOFile.exists_local = _unless_hidden(_IOFile.exists_local, files)


def _unless_hidden(exists: Callable[[Any], Awaitable[bool]], files: Set[str]) -> Callable[[Any], Awaitable[bool]]:
    async def exists_local(file: Any) -> bool:
        # Its cache is active until the first job begins.
        is_hidden = str(file) in files and file.rule.workflow.iocache.active
        return not is_hidden and await exists(file)

    return exists_local


def _in_a_thread(handler: Callable[..., None]) -> Callable[..., None]:
    """Have SIGTERM count at once, and the scheduler woken in another thread.

    Snakemake's own handler takes a lock. The main thread, which runs handlers, holds that lock while it completes
    jobs and selects new ones; a SIGTERM at such a moment made the process wait for itself for ever. A thread that
    waits for the lock may get it only after the main thread took it again, and started the next job.
    """

    def exit_gracefully(scheduler: Any, *signal: Any) -> None:
        scheduler._user_kill = "graceful"  # as the handler sets it
        _thread.start_new_thread(handler, (scheduler, *signal))  # `threading` takes locks of its own

    return exit_gracefully


PATCHES: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {"exit_gracefully": _in_a_thread}
"""Name of a method -> what makes the patched one of it."""
