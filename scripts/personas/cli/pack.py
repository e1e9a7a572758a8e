"""`personas pack` and `personas unpack`: a study in one file."""

from pathlib import Path
from typing import Annotated

import typer

from personas.cli.export import results_of
from personas.cli.options import ConfigFiles, ProfileFolder


def pack(
    file: Annotated[Path, typer.Argument(help="File to write, e.g. study.zip.")],
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
) -> None:
    """Put a study and its results into one file: no journal, no keys, third-party texts by reference."""
    from personas.exports.pack.packing import pack as write  # other commands need none of it

    for line in write(results_of(configfile, profile), file):
        print(line)


def unpack(
    file: Annotated[Path, typer.Argument(help="A file that `personas pack` wrote.")],
    folder: Annotated[Path, typer.Argument(help="Folder to unpack to: new, or empty.")],
) -> None:
    """Check a packed study and put it into a folder, in which `personas plan -c config.yaml` plans nothing."""
    from personas.exports.pack.unpacking import unpack as read

    for line in read(file, folder):
        print(line)
