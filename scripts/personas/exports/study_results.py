"""A study and what there is of it on disk: what exports are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from personas.core.errors import UserError
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact


@dataclass(frozen=True)
class StudyResults:
    """The grid, all that follows from its cells, and the folder in which some of both lie."""

    grid: Grid
    artefacts: Sequence[Artefact]
    folder: Path

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells on disk; UserError if there is none."""
        cells = [cell for cell in self.grid.cells if (self.folder / cell.path).exists()]
        if not cells:
            raise UserError(f"{self.folder}: found no cell of this study, expected some; run the workflow first.")
        return cells

    def there(self, family: str) -> Iterator[Artefact]:
        """Yield the artefacts of a declared family that are on disk, all their files."""
        for each in self.artefacts:
            if each.declared_family == family and all((self.folder / path).exists() for path in each.outputs):
                yield each

    def files(self, family: str) -> list[Path]:
        """Return the first file of each artefact of a family that is on disk."""
        return [self.folder / each.outputs[0] for each in self.there(family)]

    def missing(self) -> Iterator[str]:
        """Yield a line if the study is not finished."""
        if absent := len(self.grid.cells) - len(self.cells):
            yield f"Missing: {absent:,} of {len(self.grid.cells):,} cells are not made yet, and not in it."
        for family in ("ratings", "values"):
            if not self.files(family):
                yield f"Missing: {family}; `snakemake` makes them."
