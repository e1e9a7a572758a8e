"""The plan: a pure function of the grid and of what is on disk."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from scripts.grid.cells import Cell
from scripts.grid.grid import Grid
from scripts.plan.batches import Batch, cut
from scripts.plan.downstream import Artefact, downstream
from scripts.plan.rates import Rates


@dataclass(frozen=True)
class Plan:
    """What there is to do. `missing` are cells; `batches` make them; `artefacts` follow from all cells."""

    grid: Grid
    missing: Sequence[Cell]
    batches: Sequence[Batch]
    artefacts: Sequence[Artefact]

    @property
    def targets(self) -> list[str]:
        """Every file of the current grid, relative to the results folder: all stages, not only the last."""
        cells = [cell.path for cell in self.grid.cells]
        return cells + [path for artefact in self.artefacts for path in artefact.outputs]


def make_plan(grid: Grid, on_disk: AbstractSet[str], rates: Rates | None = None) -> Plan:
    """Plan a grid against the files on disk; `rates` size the batches.

    A cell is current if its file, which carries its digest, exists. A response whose dialogue is missing is
    missing too: the dialogue made again may read differently, and the response must stand behind that one. So is
    the judgement of anything missing.
    """
    missing = [cell for cell in grid.cells if not _is_current(cell, grid, on_disk)]
    return Plan(grid, missing, cut(grid, missing, rates or Rates()), downstream(grid))


def _is_current(cell: Cell, grid: Grid, on_disk: AbstractSet[str]) -> bool:
    if cell.path not in on_disk:
        return False
    if cell.judged is not None:
        return _is_current(cell.judged, grid, on_disk)
    return grid.dialogues[cell.track].path in on_disk
