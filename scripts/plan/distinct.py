"""Which requests of missing cells are equal to others, so that they are sent once."""

from collections.abc import Sequence

from scripts.benchmarks.base import Item
from scripts.grid.asked import asked_items
from scripts.grid.cells import Cell, Track
from scripts.grid.grid import Grid
from scripts.plan.loads import Load, Loads


class Distinct:
    """Counts, for one cell after the other, the requests that no cell before it has already.

    Requests are equal when the same speaker with the same seed is asked the same behind the same user turns. So all
    conditions share checkpoint 0, and dialogues that begin alike share their first rounds.
    """

    def __init__(self, grid: Grid, loads: Loads) -> None:
        self._grid = grid
        self._loads = loads
        self._children: dict[tuple[object, str], int] = {}
        self._nodes: dict[Track, list[int]] = {}
        self._seen: set[tuple[object, ...]] = set()
        self._prompts: dict[tuple[object, ...], set[str]] = {}

    def of(self, cell: Cell) -> list[tuple[Load, int]]:
        """Return the loads of a cell, each with the number of its requests that are new."""
        return [(load, self._new(cell, load)) for load in self._loads.of(cell)]

    def _new(self, cell: Cell, load: Load) -> int:
        if cell.judge:
            return self._new_to_judge(cell, load)
        nodes = self.nodes(cell.track)
        if cell.benchmark is None:
            return self._first(("dialogues", nodes[load.before + 1])) * load.rows
        where = (cell.benchmark, nodes[load.before])
        if cell.as_persona is None:
            return self._first(where) * load.rows
        known = self._prompts.setdefault(where, set())
        before = len(known)
        known.update(item.prompt for item in self._items(cell))
        return len(known) - before

    def _new_to_judge(self, cell: Cell, load: Load) -> int:
        """What is rated alike: the same answers, by the same rubric, as the same persona."""
        judged = cell.judged
        if judged is None or cell.reference not in (None, "dataset"):
            return load.rows
        nodes, owner = self.nodes(cell.track), (cell.judge, cell.kind, cell.as_persona, cell.track.persona)
        if judged.benchmark is None:
            return sum(self._first((*owner, node)) for node in nodes[1:])
        own = self._loads.of(judged)
        return sum(self._first((*owner, nodes[part.before])) * part.rows for part in own)

    def _first(self, key: tuple[object, ...]) -> bool:
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _items(self, cell: Cell) -> Sequence[Item]:
        return dict(asked_items(self._grid.study, cell.benchmark or "", cell.track.persona))[cell.as_persona]

    def nodes(self, track: Track) -> list[int]:
        """Return a number for each beginning of a dialogue (0 to all rounds); equal beginnings have equal numbers."""
        if track not in self._nodes:
            turns = self._grid.study.turns[track.condition][track.order]
            path: list[int] = [self._child((track.model, track.persona, track.replicate), "")]
            for turn in turns:
                path.append(self._child(path[-1], turn))
            self._nodes[track] = path
        return self._nodes[track]

    def _child(self, parent: object, turn: str) -> int:
        return self._children.setdefault((parent, turn), len(self._children))
