"""Options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFiles = Annotated[
    list[Path] | None,
    typer.Option("--configfile", "-c", help="Config file; several are merged, a later one wins."),
]
ProfileFolder = Annotated[
    str | None,
    typer.Option("--profile", envvar="SNAKEMAKE_PROFILE", help="Snakemake profile whose `config:` is read as well."),
]
