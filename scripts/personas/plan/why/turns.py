"""Whether user turns changed, or only more or fewer of the same count than before."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from personas.core.canonical import sha256
from personas.core.errors import UserError
from personas.core.parquet import read_table
from personas.grid.cells import Cell
from personas.grid.grid import turn_identities, user_turns
from personas.grid.study import Study
from personas.plan.why.words import Change


class Turns:
    """Compares the user turns of cells with those of their earlier versions on disk."""

    def __init__(self, study: Study, results: Path) -> None:
        self._study, self._results = study, results

    def real_changes(
        self, cell: Cell, earlier: str, spec: Mapping[str, Any], changes: Sequence[Change]
    ) -> Iterator[Change]:
        """Yield the changes since an earlier version, `user_turns` only where a turn reads otherwise.

        A response tells by its checkpoints how many turns count; of a dialogue that itself is the change.
        """
        for place, old, new in changes:
            if place != "user_turns":
                yield place, old, new
            elif cell.benchmark is None:
                yield self._of_dialogue(cell, earlier) or (place, old, new)
            elif sha256(self._identities(cell)[: spec["checkpoints"][-1]]) != old:
                yield place, old, new

    def _of_dialogue(self, cell: Cell, earlier: str) -> Change | None:
        try:
            earlier_turns = read_table(self._results / earlier, columns=["user"]).column("user").to_pylist()
        except (OSError, UserError):  # it is damaged, and nobody knows what was said
            return None
        now = user_turns(self._study, cell.track)
        both = min(len(earlier_turns), len(now))
        same = both > 0 and earlier_turns[:both] == now[:both]
        return ("user_turns.count", len(earlier_turns), len(now)) if same and len(earlier_turns) != len(now) else None

    def _identities(self, cell: Cell) -> list[Any]:
        return turn_identities(self._study, cell.track)
