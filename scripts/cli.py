"""`personas`: check a config and look at a grid, without starting anything."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from scripts.config import load_config
from scripts.errors import UserError
from scripts.files import write_atomically
from scripts.grid.grid import build_grid
from scripts.grid.study import resolve
from scripts.plan.disk import existing_files
from scripts.plan.plan import make_plan
from scripts.plan.reasons import reasons
from scripts.plan.workflow import DEFAULT_CONFIG
from scripts.report.planned import plan_json, print_plan
from scripts.report.status import notes, print_status

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)

ConfigFiles = Annotated[
    list[Path] | None,
    typer.Option("--configfile", "-c", help="Config file; several are merged, a later one wins."),
]


@app.callback()
def _options() -> None:
    """Keep sub-commands even while there is only one."""


@app.command()
def validate(configfile: ConfigFiles = None) -> None:
    """Check a config and everything it refers to; one sentence per mistake, exit code 1."""
    files = configfile or [DEFAULT_CONFIG]
    grid = build_grid(resolve(load_config(files)))
    for note in notes(grid.study):
        print(f"Note: {note}")
    print(f"{', '.join(map(str, files))}: valid, {len(grid.cells)} cells.")


@app.command()
def status(configfile: ConfigFiles = None) -> None:
    """Show per model and stage how many cells are current and missing, who is working, and where to look."""
    study = resolve(load_config(configfile or [DEFAULT_CONFIG]))
    plan = make_plan(build_grid(study), existing_files(Path(study.config.results)))
    print_status(plan, Path(study.config.results), Console())


@app.command()
def plan(
    configfile: ConfigFiles = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the plan to this file as JSON.")] = None,
) -> None:
    """Show what a run would make, and why: new, removed, or what changed since the nearest earlier cell."""
    study = resolve(load_config(configfile or [DEFAULT_CONFIG]))
    results = Path(study.config.results)
    on_disk = existing_files(results)
    planned = make_plan(build_grid(study), on_disk)
    why = reasons(planned, results, on_disk)
    print_plan(planned, why, Console())
    if json_file is not None:
        write_atomically(json_file, json.dumps(plan_json(planned, why), indent=1).encode())


def main() -> None:
    """Run a command; a user's mistake ends in its sentence and exit code 1."""
    _exit_with_sentence(app)


def _exit_with_sentence(command: Callable[[], Any]) -> None:
    try:
        command()
    except UserError as error:
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(str(error))
        raise SystemExit(1) from None
