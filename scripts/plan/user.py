"""Users as containers and clusters have them: without a name."""

import getpass
import os


def name_user() -> None:
    """Give a user without a name one, by which Snakemake and libraries of engines ask for the user."""
    try:
        getpass.getuser()
    except (KeyError, OSError):  # KeyError before Python 3.13
        os.environ["LOGNAME"] = f"user-{os.getuid()}"
