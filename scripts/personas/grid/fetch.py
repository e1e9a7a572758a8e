"""Fetch the third-party files that a config uses."""

from collections.abc import Callable
from pathlib import Path

from personas.config import Config
from personas.external.data import Origin, fetch_files
from personas.external.store import open_store
from personas.grid.reading.parts import read_parts


def fetch_data(
    config: Config, root: Path = Path(), origin: Origin | None = None, say: Callable[[str], None] = print
) -> None:
    """Fetch every file of a config that is not here, and check it; what came is kept whatever happens to others.

    UserError has one sentence for each file that did not come, with where to put it by hand.
    """
    parts = read_parts(config, root, open_store(config, root))
    if not parts.used:
        say("The config uses no third-party data.")
        return
    fetch_files(parts.store, parts.absent, origin or Origin.of(config), say)
    say(f"{len(parts.used)} files of third-party data are in {parts.store.folder}, {len(parts.absent)} of them new.")
