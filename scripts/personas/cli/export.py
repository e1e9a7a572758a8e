"""`personas export`: results in formats of others."""

from pathlib import Path
from typing import Annotated

import typer

from personas.cli.options import ConfigFiles, ProfileFolder
from personas.config import load_config
from personas.config.reading.profile import choose
from personas.core.errors import UserError
from personas.exports.study_results import StudyResults
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.workflow.artefacts import downstream


def export(
    folder: Annotated[Path | None, typer.Argument(help="Folder to write to: new, or empty.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The format; without it, all of them are listed.")] = None,
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
) -> None:
    """Write results in the format of another tool; without --to, list the formats."""
    from personas.exports.formats import FORMATS  # other commands need no pandas

    if to is None and folder is None:
        for each in FORMATS.values():
            print(f"{each.name:<9} {each.description}")
        return
    if to is None or to not in FORMATS:
        problem = "no format" if to is None else f"the format {to!r}"
        raise UserError(f"personas export --to: found {problem}, expected one of {', '.join(FORMATS)}.")
    if folder is None:
        raise UserError(f"personas export --to {to}: found no folder, expected one to write to.")
    for line in FORMATS[to].export(results_of(configfile, profile), folder):
        print(line, flush=True)


def export_released(
    folder: Annotated[Path, typer.Argument(help="Folder to write to: new, or empty.")],
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
) -> None:
    """Do what `personas export --to release FOLDER` does, until the next release."""
    export(folder, "release", configfile, profile)


def results_of(configfile: ConfigFiles, profile: ProfileFolder) -> StudyResults:
    """Return the results of the study that a config describes."""
    grid = build_grid(resolve(load_config(*choose(configfile, profile))))
    return StudyResults(grid, downstream(grid), Path(grid.study.config.results))
