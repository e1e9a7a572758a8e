"""The plan: a pure function of the grid and of what is on disk."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache

from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.batches import Batch, cut
from personas.plan.costs.loads import Loads
from personas.plan.costs.rates import Rates


@dataclass(frozen=True)
class Plan:
    """What there is to do. `missing` are cells; `batches` make them; `artefacts` follow from all cells.

    `unusable`: files that are there and are made again all the same, with the reason, by path.
    """

    grid: Grid
    missing: Sequence[Cell]
    batches: Sequence[Batch]
    artefacts: Sequence[Artefact]
    unusable: Mapping[str, str] = field(default_factory=dict)

    @property
    def targets(self) -> list[str]:
        """Every file of the current grid, relative to the results folder: all stages, not only the last."""
        cells = [cell.path for cell in self.grid.cells]
        return cells + [path for artefact in self.artefacts for path in artefact.outputs]


def make_plan(
    grid: Grid,
    artefacts: Sequence[Artefact],
    on_disk: AbstractSet[str],
    rates: Rates | None = None,
    source_dialogue: Callable[[str], str | None] = lambda path: None,
    loads: Loads | None = None,
) -> Plan:
    """Plan a grid and what follows from it against the files on disk; `rates` size the batches.

    A cell is current if its file, which carries its digest, exists. A response whose dialogue is missing is missing
    too: the dialogue made again may read differently, and the response must stand behind that one. So is a dialogue
    that answers the user turns of another, which is missing. But where the dialogue was only made longer, the one
    that the response was made behind still lies there: `source_dialogue` tells the path of that dialogue for a
    response on disk. The judgement of anything missing is missing. `loads` are those of the grid, where they are
    there already.
    """
    current = _Current(on_disk, source_dialogue)
    missing = [cell for cell in grid.cells if not current.is_current(cell)]
    return Plan(grid, missing, cut(grid, missing, rates or Rates(), loads or Loads(grid)), artefacts)


class _Current:
    """Tells cells that are current; what a response was made behind is looked up once."""

    def __init__(self, on_disk: AbstractSet[str], source_dialogue: Callable[[str], str | None]) -> None:
        self._on_disk = on_disk
        self._source_dialogue = cache(source_dialogue)

    def is_current(self, cell: Cell) -> bool:
        """Tell whether the file of a cell is there, and stands on what is there."""
        if cell.path not in self._on_disk:
            return False
        if cell.judged is not None:
            return self.is_current(cell.judged)
        if cell.behind is None:
            return True
        if cell.behind.path in self._on_disk:
            return self.is_current(cell.behind)
        return self._source_dialogue(cell.path) in self._on_disk
