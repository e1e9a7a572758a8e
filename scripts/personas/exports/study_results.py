"""A study and what there is of it on disk: what exports are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from personas.grid.grid import Grid
from personas.plan.artefact import Artefact


@dataclass(frozen=True)
class StudyResults:
    """The grid, all that follows from its cells, and the folder in which some of both lie."""

    grid: Grid
    artefacts: Sequence[Artefact]
    folder: Path
