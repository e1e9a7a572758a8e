"""What the Snakefile calls: plan once in the main process, freeze it, and let jobs read the frozen plan."""

import atexit
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from personas.config import default_files, load_config
from personas.config.reading.overrides import overrides
from personas.core.errors import UserError
from personas.core.garbage import collect_rarely
from personas.core.lease import place_leases
from personas.grid.grid import build_grid
from personas.grid.study import Study, resolve
from personas.plan import frozen as frozen_plans
from personas.plan.artefact import Family
from personas.plan.frozen import FrozenPlan, Run
from personas.workflow.orphaned_jobs import refuse_given_up
from personas.workflow.patches.quoting import quote_python
from personas.workflow.patches.snakemake import (
    hide,
    patch_folder_check,
    patch_output_index,
    patch_scheduler,
    trust_names,
)
from personas.workflow.planning import look
from personas.workflow.resources import spread_stage_resources
from personas.workflow.run import leave, needs_all_rules, only_looks, prepare_run, wait_for_orphaned_jobs
from personas.workflow.stages import needed_for, refuse_config_as_target, stage_rules
from personas.workflow.terminal.chatter import shorten_chatter
from personas.workflow.terminal.plan_tables import console_width, print_plan_report
from personas.workflow.terminal.reservations import print_reserved
from personas.workflow.user import name_user

_SCRIPTS = Path(__file__).parents[2]


def open_plan(workflow: Any, config: dict[str, Any]) -> FrozenPlan:
    """Return the plan of this invocation: made now in the main process, read from its file in a job.

    In the main process the path of the file goes onto the command line of the jobs; the file itself is written
    when the run starts (`start_run`), so that a dry run leaves nothing behind. A user's mistake ends the process
    with one sentence and exit code 1.
    """
    collect_rarely()
    # Scripts are run from a copy elsewhere; this is how they find this package, installed or not.
    os.environ["PYTHONPATH"] = str(_SCRIPTS)
    # Many images forbid compiled files. A run is many short processes, and each would compile all that it imports,
    # which takes three times as long as the imports themselves.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    name_user()
    patch_scheduler()
    patch_output_index()
    patch_folder_check()
    quote_python()
    try:
        if "frozen_plan" in config and not workflow.is_main_process:
            frozen = frozen_plans.read(config["frozen_plan"])
            refuse_given_up(frozen.folder())
            return frozen
        return _plan(workflow, config)
    except UserError as error:
        leave(error)


def _plan(workflow: Any, config: dict[str, Any]) -> FrozenPlan:
    settings = workflow.config_settings
    if not settings.configfiles:
        refuse_config_as_target(sys.argv)
    files = [_relative(Path(file)) for file in settings.configfiles] or default_files()
    study = resolve(load_config(files, overrides(settings.config)))
    results = Path(study.config.results)
    if not workflow.output_settings.dryrun and not only_looks():
        _place_leases(study, results)
        wait_for_orphaned_jobs(results)
    plan_report = look(build_grid(study), results, only_looks())
    frozen = frozen_plans.freeze(plan_report.plan, _new_run(), results, plan_report.estimates, plan_report.fetches)
    shorten_chatter(workflow)
    frozen = frozen.offering(needs_all_rules(), needed_for(frozen, sys.argv[1:]))
    path = frozen_plans.plan_file(results, frozen.run.id)
    # Undocumented, hence the pin snakemake<10 and a test: the arguments that every job's Snakemake gets.
    settings.config_args = [*settings.config_args, f"frozen_plan={path}"]
    config["frozen_plan"] = str(path)
    spread_stage_resources(workflow, stage_rules(frozen))
    trust_names({name for names in stage_rules(frozen).values() for name in names})
    hide(frozenset((results / path).as_posix() for path in frozen.to_make))
    if workflow.output_settings.dryrun:
        console = Console(stderr=True, width=console_width(sys.stderr))
        print_plan_report(plan_report, console)
        atexit.register(print_reserved, workflow, console)  # only then does Snakemake know its jobs
    else:
        prepare_run(workflow, frozen)
    return frozen


def _place_leases(study: Study, results: Path) -> None:
    locks = study.config.machine.locks
    try:
        place_leases(results, locks)
    except OSError as error:
        raise UserError(f"machine.locks: found {locks}, expected a folder for locks ({error}).") from None


def _relative(path: Path) -> Path:
    """Show a file below the working folder by its short name."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _new_run() -> Run:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return Run(f"{stamp}-{socket.gethostname()}-{os.getpid()}", socket.gethostname(), os.getpid(), time.time())


def inputs_of(frozen: FrozenPlan, family: Family) -> list[Any]:
    """Return the inputs of a family, as Snakemake files.

    `ancient`, because the digests in the names of the outputs already stand for their content: no time stamp makes an
    artefact anew, only an input that this run makes.
    """
    from snakemake.io import ancient

    files = {path: (frozen.results / path).as_posix() for path in frozen.to_wait_for(family.inputs)}
    inputs = [file if path in frozen.to_make else ancient(file) for path, file in files.items()]
    reads_texts = any(each.reads_texts for each in family.artefacts)
    return [*inputs, *(ancient(path) for path in frozen.fetched_files if reads_texts)]


def current(frozen: FrozenPlan, plain: str) -> Any:
    """Return the current file of a table or figure by its plain name, as an input of a rule of one's own.

    UserError when the grid has no such file.
    """
    for artefact in frozen.artefacts:
        by_plain_path = dict(zip(artefact.plain_outputs, artefact.outputs, strict=True))
        if plain in by_plain_path:
            return (frozen.results / by_plain_path[plain]).as_posix()
    folders = sorted({Path(path).parts[0] for each in frozen.artefacts for path in each.plain_outputs})
    raise UserError(f"current: found {plain}, expected a file of this grid, below {', '.join(folders)}.")
