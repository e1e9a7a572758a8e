"""Which cells were forgotten: a note for people, so that a plan can say why it makes them again."""

from collections.abc import Iterable
from pathlib import Path

from personas.core.files import write_atomically

NAME = "journal/forgotten.txt"
"""Below the results folder: one path of a cell a line."""


def forgotten(results: Path) -> frozenset[str]:
    """Return the paths of forgotten cells; some may have been made again since."""
    try:
        return frozenset((results / NAME).read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return frozenset()


def note_forgotten(results: Path, paths: Iterable[str]) -> None:
    """Note that `paths` are forgotten, and drop from the note what was made again."""
    still = {path for path in forgotten(results) if not (results / path).exists()}
    lines = sorted(still.union(paths))
    if lines:
        write_atomically(results / NAME, "".join(f"{path}\n" for path in lines).encode())
    else:
        (results / NAME).unlink(missing_ok=True)
