"""What every format declares."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from personas.core.errors import UserError
from personas.exports.study_results import StudyResults
from personas.plan.frozen import FrozenPlan


def _no_doubts(frozen: FrozenPlan) -> list[str]:
    return []


@dataclass(frozen=True)
class Format:
    """A format of somebody else's: its name, what it is in one line, and how results are written in it.

    `write` puts files into an empty folder and yields lines to print. `doubts` are lines with which a run ends whose
    cells were imported from the format.
    """

    name: str
    description: str
    write: Callable[[StudyResults, Path], Iterable[str]]
    doubts: Callable[[FrozenPlan], list[str]] = _no_doubts

    def export(self, results: StudyResults, folder: Path) -> Iterator[str]:
        """Write results into a folder, and yield lines to print; UserError if there is something in it."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder}: found something there, expected no such folder, or an empty one.")
        yield from self.write(results, folder)
