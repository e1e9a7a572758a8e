"""The life of one invocation: alone or refused at its start, leased while it runs, links and a summary at its end."""

import atexit
import contextlib
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from personas.core import slurm
from personas.core.errors import UserError
from personas.core.lease import RUN, conflict_sentence, conflicts, lease
from personas.core.locks import NoLocks, open_lock, place_for, try_lock
from personas.plan import frozen as frozen_plans
from personas.plan.frozen import FrozenPlan
from personas.workflow import orphaned_jobs
from personas.workflow.links import refresh_links
from personas.workflow.making import restore_finished
from personas.workflow.progress_log import log_progress
from personas.workflow.stages import asked_files, refuse_names_to_force, refuse_stages_to_omit
from personas.workflow.terminal.summary import print_summary
from personas.workflow.upkeep.packing import pack_journals

_NOT_RUNS = frozenset(
    [
        "--lint",
        "--report",
        "--summary",
        "-S",
        "--detailed-summary",
        "-D",
        "--list",
        "-l",
        "--list-rules",
        "--list-target-rules",
        "--lt",
        "--dag",
        "--rulegraph",
        "--filegraph",
        "--d3dag",
        "--unlock",
        "--cleanup-metadata",
        "--archive",
        "--list-untracked",
        "--lc",
        "--lu",
    ]
)
"""Options with which Snakemake looks and does not run; a live run beside them is no conflict."""


_FORCES = re.compile(r"-[A-Za-z]*[fFR]|--force(?!-)")
"""Options that force; short ones may stand together, as in `-nF`."""
_ABOUT_ALL = frozenset(
    [
        *("--report", "--lint", "--list", "-l", "--list-rules", "--list-target-rules", "--lt", "--archive"),
        *("--dag", "--rulegraph", "--filegraph", "--d3dag", "--delete-all-output", "--list-untracked", "--lu"),
    ]
)
"""Options that look at all rules."""


def leave(error: UserError) -> NoReturn:
    """End the process with the sentence of a user's mistake."""
    print(error, file=sys.stderr, flush=True)
    sys.exit(1)


def prepare_run(workflow: Any, frozen: FrozenPlan) -> None:
    """Get ready for what may become a run: refuse it beside another, forget dead ones, register its end.

    The lease is taken here, before Snakemake takes a lock of its own: of two starts at the same moment one would
    else hear of that lock, and of an option that removes it.
    """
    _refuse_second_start(frozen)
    atexit.register(_pack, workflow, frozen)  # before the lease: the end goes backwards, and it needs to be alone
    if not only_looks():
        with contextlib.suppress(OSError):  # a run that begins tries again, and says what is wrong
            _hold_lease(frozen)
    _forget_dead_runs(frozen.study.config.machine.locks)
    atexit.register(_finish, workflow, frozen)


def only_looks() -> bool:
    """Tell whether Snakemake was started with an option with which it looks and does not run."""
    return not _NOT_RUNS.isdisjoint(argument.split("=")[0] for argument in sys.argv[1:])


def needs_all_rules() -> bool:
    """Tell whether Snakemake was started with an option that is about files that are there: they need rules then.

    Such as `-f`, `-F` and `-R`, with which they may be made again, or `--report`, which shows them.
    """
    words = [argument.split("=")[0] for argument in sys.argv[1:]]
    return any(_FORCES.match(word) for word in words) or not _ABOUT_ALL.isdisjoint(words)


def _refuse_second_start(frozen: FrozenPlan) -> None:
    """Stop with one sentence when a live run makes some of our files, before Snakemake's own lock speaks."""
    if only_looks():
        return
    deadline = time.monotonic() + 20
    while True:
        others = conflicts(_leases(frozen), _all_outputs(frozen), frozen.run.id)
        # A batch whose run is gone ends by itself within seconds; a live run does not. Upkeep may end soon, but it
        # changes the files that this plan was made from.
        if not others or others[0].is_run or others[0].everything or time.monotonic() > deadline:
            break
        time.sleep(0.25)
    if others:
        raise UserError(conflict_sentence(others))


def _leases(frozen: FrozenPlan) -> Path:
    return frozen.results / "leases"


def _all_outputs(frozen: FrozenPlan) -> list[str]:
    return sorted(frozen.to_make.union(*(artefact.outputs for artefact in frozen.artefacts)))


_run_lock: int | None = None


def _forget_dead_runs(locks: str | None) -> None:
    """Remove what killed runs left in `.snakemake`: locks, and marks on files said to be incomplete.

    Every run holds a shared lock on one file for as long as it lives. Whoever gets it exclusively is alone, so
    all such marks are of the dead. Our files appear whole or not at all, so no mark on them is true.
    """
    global _run_lock
    folder = Path(".snakemake")
    folder.mkdir(exist_ok=True)
    if locks is not None:
        place_for(locks, folder).mkdir(parents=True, exist_ok=True)
    path = (folder if locks is None else place_for(locks, folder)) / "personas.lock"
    with contextlib.suppress(NoLocks, OSError):  # without locks leave everything as it is
        handle = open_lock(path)
        if try_lock(handle, path):
            for mark in ("locks", "incomplete"):
                shutil.rmtree(folder / mark, ignore_errors=True)
                (folder / mark).mkdir()
        try_lock(handle, path, shared=True)
        _run_lock = handle  # kept open: the lock lasts as long as the process


def start_run(workflow: Any, frozen: FrozenPlan) -> None:
    """Begin a run (Snakemake's onstart): refuse settings that would lose work, take the lease, write the plan."""
    if workflow.touch:
        return
    try:
        if workflow.execution_settings.keep_incomplete:
            raise UserError(
                "--keep-incomplete: found on the command line or in a profile, expected it off: "
                "files of failed jobs would count as current."
            )
        refuse_stages_to_omit(frozenset(workflow.dag_settings.omit_from), frozen)
        if workflow.dag_settings.forcetargets:
            refuse_names_to_force(frozenset(workflow.dag_settings.targets), frozen)
        _hold_lease(frozen)
        frozen_plans.write(frozen)
        _note_jobs(workflow, frozen)
        _remove_outdated(frozen)
        log_progress(workflow, frozen)
    except UserError as error:
        leave(error)
    except OSError as error:
        leave(_not_written(error))


_run_lease: Any = None


def _hold_lease(frozen: FrozenPlan) -> None:
    """Take the lease of the run, once, for as long as the process lives."""
    global _run_lease
    if _run_lease is None:
        context = lease(_leases(frozen), RUN, frozen.run.id, _all_outputs(frozen), patience=0)
        context.__enter__()
        _run_lease = context
        atexit.register(context.__exit__, None, None, None)


def _not_written(error: OSError) -> UserError:
    return UserError(
        f"results: {error.filename or 'the folder'} cannot be written ({error.strerror}), "
        "expected a folder that may be written to, with space left."
    )


def _note_jobs(workflow: Any, frozen: FrozenPlan) -> None:
    """Note by which name the jobs of this run can be found, and see to it that none is left at its end."""
    name = slurm.watched_jobs(workflow)
    if name is not None:
        orphaned_jobs.note_jobs(frozen.folder(), name)
        atexit.register(orphaned_jobs.end_jobs, frozen.folder())


def wait_for_orphaned_jobs(results: Path) -> None:
    """Wait for cluster jobs of dead runs; what they still make is on disk when the plan is made."""
    try:
        orphaned_jobs.wait(results, lambda sentence: print(sentence, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        raise UserError("Stopped while waiting for jobs of an earlier run; nothing was started.") from None


def _remove_outdated(frozen: FrozenPlan) -> None:
    """Remove cells about to be made again, and tables and figures that stand on cells about to be made.

    Were they left until they are made again, a run that ends in between would leave them looking current: a judgement
    has the right name although what it judges reads differently by then. Their answers are in the journal.
    """
    for path in frozen.to_make:
        (frozen.results / path).unlink(missing_ok=True)


def _pack(workflow: Any, frozen: FrozenPlan) -> None:
    if _ran(workflow):
        pack_journals(frozen)


def _ran(workflow: Any) -> bool:
    return workflow.executor_plugin is not None and not workflow.dryrun and not workflow.touch


def _finish(workflow: Any, frozen: FrozenPlan) -> None:
    """End a real invocation, also one with nothing to do: refresh the links and say what there is."""
    if _ran(workflow):
        try:
            restore_finished(frozen)
            refresh_links(frozen)
            if frozen.study.release is not None:
                frozen.study.release.remember(frozen.results)
        except OSError as error:  # the disk is full, or may not be written to
            print(_not_written(error), file=sys.stderr)
        began = frozen_plans.plan_file(frozen.results, frozen.run.id).exists()
        if began or not frozen.batches:  # otherwise it failed before it began, and has said why
            print_summary(frozen, asked_files(workflow.dag_settings, frozen))
