"""Users as containers and clusters have them: without a name, or without a home that can be written to."""

import getpass
import os
from pathlib import Path


def name_user() -> None:
    """Give a user without a name one, by which Snakemake and libraries of engines ask for the user."""
    try:
        getpass.getuser()
    except (KeyError, OSError):  # KeyError before Python 3.13
        os.environ["LOGNAME"] = f"user-{os.getuid()}"


def cache_trouble() -> str | None:
    """Say which variable helps where Snakemake could not make its cache: it does before it reads a Snakefile."""
    cache = os.environ.get("XDG_CACHE_HOME") or f"{os.environ.get('HOME') or '/'}/.cache"
    folder = Path(cache)
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return None
    return (
        f"XDG_CACHE_HOME: {folder} cannot be made or written to, and Snakemake, which keeps a cache there, would end "
        "in a traceback; set this variable to a folder that can be."
    )
