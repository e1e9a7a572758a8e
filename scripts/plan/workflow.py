"""What the Snakefile calls: plan once in the main process, freeze it, and let jobs read the frozen plan."""

import atexit
import fcntl
import os
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from scripts.config import load_config
from scripts.errors import UserError
from scripts.grid.grid import build_grid
from scripts.grid.study import resolve
from scripts.lease import RUN, conflicts, lease, taken
from scripts.plan import frozen as frozen_plans
from scripts.plan.disk import existing_files
from scripts.plan.frozen import FrozenPlan, Run
from scripts.plan.links import refresh_links
from scripts.plan.plan import make_plan
from scripts.plan.resources import spread_stage_resources
from scripts.report.summary import print_summary

DEFAULT_CONFIG = Path("config/config.yaml")
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


def open_plan(workflow: Any, config: dict[str, Any]) -> FrozenPlan:
    """Return the plan of this invocation: made now in the main process, read from its file in a job.

    In the main process the path of the file goes onto the command line of the jobs; the file itself is written
    when the run starts (`start_run`), so that a dry run leaves nothing behind. A user's mistake ends the process
    with one sentence and exit code 1.
    """
    # Scripts are run from a copy elsewhere; this is how they find this package, installed or not.
    os.environ["PYTHONPATH"] = str(workflow.basedir)
    try:
        if "frozen_plan" in config and not workflow.is_main_process:
            return frozen_plans.read(config["frozen_plan"])
        return _plan(workflow, config)
    except UserError as error:
        leave(error)


def leave(error: UserError) -> NoReturn:
    """End the process with the sentence of a user's mistake."""
    print(error, file=sys.stderr, flush=True)
    sys.exit(1)


def _plan(workflow: Any, config: dict[str, Any]) -> FrozenPlan:
    settings = workflow.config_settings
    files = [_relative(Path(file)) for file in settings.configfiles] or [DEFAULT_CONFIG]
    study = resolve(load_config(files, _overrides(settings.config)))
    grid = build_grid(study)
    results = Path(study.config.results)
    plan = make_plan(grid, existing_files(results))
    frozen = frozen_plans.freeze(plan, _new_run(), results)
    path = frozen_plans.plan_file(results, frozen.run.id)
    # Undocumented, hence the pin snakemake<10 and a test: the arguments that every job's Snakemake gets.
    settings.config_args = [*settings.config_args, f"frozen_plan={path}"]
    config["frozen_plan"] = str(path)
    spread_stage_resources(workflow, {"generate": [batch.name for batch in frozen.batches]})
    if not workflow.output_settings.dryrun:
        _prepare_run(workflow, frozen)
    return frozen


def _relative(path: Path) -> Path:
    """Show a file below the working folder by its short name."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _overrides(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "frozen_plan"}


def _new_run() -> Run:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return Run(f"{stamp}-{socket.gethostname()}-{os.getpid()}", socket.gethostname(), os.getpid(), time.time())


def _prepare_run(workflow: Any, frozen: FrozenPlan) -> None:
    _refuse_second_start(frozen)
    _forget_dead_runs()
    atexit.register(_finish, workflow, frozen)


def _refuse_second_start(frozen: FrozenPlan) -> None:
    """Stop with one sentence when a live run makes some of our files, before Snakemake's own lock speaks."""
    if _NOT_RUNS.intersection(argument.split("=")[0] for argument in sys.argv[1:]):
        return
    deadline = time.monotonic() + 20
    while True:
        others = conflicts(_leases(frozen), _made(frozen), frozen.run.id)
        # A batch whose run is gone ends by itself within seconds; a live run does not.
        if not others or others[0].is_run or time.monotonic() > deadline:
            break
        time.sleep(0.25)
    if others:
        raise UserError(taken(others))


def _leases(frozen: FrozenPlan) -> Path:
    return frozen.results / "leases"


def _made(frozen: FrozenPlan) -> list[str]:
    cells = [path for batch in frozen.batches for path in batch.outputs]
    return cells + [path for artefact in frozen.artefacts for path in artefact.outputs]


_run_lock: int | None = None


def _forget_dead_runs() -> None:
    """Remove what killed runs left in `.snakemake`: locks, and marks on files said to be incomplete.

    Every run holds a shared lock on one file for as long as it lives. Whoever gets it exclusively is alone, so
    all such leftovers are of the dead. Our files appear whole or not at all, so no mark on them is true.
    """
    global _run_lock
    folder = Path(".snakemake")
    folder.mkdir(exist_ok=True)
    handle = os.open(folder / "personas.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody is running, or the file system has no locks: then leave everything as it is
        pass
    else:
        for leftover in ("locks", "incomplete"):
            shutil.rmtree(folder / leftover, ignore_errors=True)
            (folder / leftover).mkdir()
    fcntl.flock(handle, fcntl.LOCK_SH)
    _run_lock = handle  # kept open: the lock lasts as long as the process


def start_run(workflow: Any, frozen: FrozenPlan) -> None:
    """Begin a run (Snakemake's onstart): refuse settings that would lose work, take the lease, write the plan."""
    try:
        if workflow.execution_settings.keep_incomplete:
            raise UserError(
                "--keep-incomplete: found on the command line or in a profile, expected it off: "
                "files of failed jobs would count as current."
            )
        held = lease(_leases(frozen), RUN, frozen.run.id, _made(frozen), patience=0)
        held.__enter__()
        atexit.register(held.__exit__, None, None, None)
        frozen_plans.write(frozen)
        _remove_outdated(frozen)
    except UserError as error:
        leave(error)


def _remove_outdated(frozen: FrozenPlan) -> None:
    """Remove tables and figures that stand on cells about to be made.

    A cell made again has its old name but may hold another text. Were its tables left until they are made again,
    a run that ends in between would leave them looking current for ever.
    """
    gone = {path for batch in frozen.batches for path in batch.outputs}
    for artefact in frozen.artefacts:  # in the order in which they follow from each other
        if gone.intersection(artefact.inputs):
            gone.update(artefact.outputs)
            for path in artefact.outputs:
                (frozen.results / path).unlink(missing_ok=True)


def _finish(workflow: Any, frozen: FrozenPlan) -> None:
    """End a real invocation, also one with nothing to do: refresh the links and say what there is."""
    ran = workflow.executor_plugin is not None and not workflow.dryrun and not workflow.touch
    if ran:
        refresh_links(frozen)
        print_summary(frozen)


def inputs_of(frozen: FrozenPlan, output: str) -> list[Any]:
    """Return the inputs of the artefact that makes `output`, as Snakemake files.

    `ancient`, because the digest in the name of the output already stands for their content: only a missing
    input, never a time stamp, makes an artefact anew.
    """
    from snakemake.io import ancient

    return [ancient((frozen.results / path).as_posix()) for path in frozen.artefact(output).inputs]
