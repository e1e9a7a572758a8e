"""Options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from personas.cli.configfiles import OPTIONS

ConfigFiles = Annotated[
    list[Path] | None,
    typer.Option(*OPTIONS, help="Config file; several are merged, a later one wins."),
]
ProfileFolder = Annotated[
    str | None,
    typer.Option("--profile", envvar="SNAKEMAKE_PROFILE", help="Snakemake profile whose `config:` is read as well."),
]
