"""What follows from the cells without an engine: all that scoring, tables, figures, pages and exports declare."""

from personas import figures, pages, scoring, tables
from personas.exports import release
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Declaration, declarations_in

PACKAGES = (scoring, tables, release, figures, pages)


def declarations() -> list[Declaration]:
    """Return everything that is declared."""
    return [each for package in PACKAGES for each in declarations_in(package)]


def downstream(grid: Grid) -> list[Artefact]:
    """Return every artefact of the grid in the order in which they follow from each other."""
    return Context(grid, declarations()).everything()
