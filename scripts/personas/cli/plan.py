"""`personas plan`: what a run would make, why, how long it takes and what it costs."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from personas.cli.options import ConfigFiles, ProfileFolder
from personas.cli.pilot import run_pilot
from personas.config import load_config
from personas.config.reading.profile import choose
from personas.core.files import write_atomically
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.workflow.planning import look
from personas.workflow.terminal.plan_document import plan_document
from personas.workflow.terminal.plan_tables import console_width, print_plan_report


def plan(
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the plan to this file as JSON.")] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the grid: writes this file as PDF and as PNG.")
    ] = None,
    pilot: Annotated[
        bool, typer.Option("--pilot", help="Run one persona and one item in a hundred first, and plan by its rates.")
    ] = False,
) -> None:
    """Show what a run would make, why, how long it takes and what it costs."""
    files, overrides = choose(configfile, profile)
    study = resolve(load_config(files, overrides))
    if pilot:
        run_pilot(study, files, profile)
    plan_report = look(build_grid(study), Path(study.config.results))
    print_plan_report(plan_report, Console(width=console_width(sys.stdout)))
    if json_file is not None:
        write_atomically(json_file, plan_document(plan_report).model_dump_json(indent=1).encode())
    if picture is not None:
        from personas.workflow.terminal.picture_of_grid.coverage import (
            write_picture,  # matplotlib takes a second to load
        )

        write_picture(plan_report, picture)
