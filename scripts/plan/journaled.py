"""Which requests of missing cells the journal answers already.

The same requests are built as a batch would build them, so the counts are exact as far as the dialogue can be
followed: it is read from its file, or walked through the journal round by round.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from scripts.batch.journal import JournalIndex
from scripts.engines.request import WITH_TEXT, KeysBehind
from scripts.generate.track import TrackWork
from scripts.generate.transcript import Round, rounds_of
from scripts.generate.work import new_work
from scripts.grid.cells import Cell, Track
from scripts.grid.grid import Grid
from scripts.judge.work import JudgeWork, judge_work

Counts = dict[str, dict[int, int]]


def journaled(grid: Grid, missing: Sequence[Cell], results: Path) -> Mapping[str, Mapping[int, int]]:
    """Return, for the path of a missing cell and rounds before, how many of its requests the journal answers.

    A request that several cells share counts for the first. Only journals of models with missing cells are read.
    """
    counts: Counts = {}
    groups: dict[str, list[Cell]] = defaultdict(list)
    for cell in missing:
        groups[cell.asked].append(cell)
    for slug, cells in groups.items():
        index = JournalIndex(results / "journal" / slug)
        if len(index):
            _Walk(grid, results, index, counts).over(cells)
    return counts


class _Walk:
    def __init__(self, grid: Grid, results: Path, index: JournalIndex, counts: Counts) -> None:
        self._grid, self._results, self._index, self._counts = grid, results, index, counts
        self._counted: set[bytes] = set()

    def over(self, cells: Iterable[Cell]) -> None:
        tracks: dict[Track, list[Cell]] = defaultdict(list)
        for cell in cells:
            if cell.judge:
                self._judgement(cell)
            else:
                tracks[cell.track].append(cell)
        for track, own in tracks.items():
            self._track(track, new_work(self._grid, track, own))

    def _track(self, track: Track, work: TrackWork) -> None:
        if work.dialogue is None:
            work.rounds = rounds_of(pq.read_table(self._results / self._grid.dialogues[track].path))
        first = work.round_request(1)
        keys = {longest: KeysBehind(replace(first, max_tokens=longest)) for longest in sorted(_longest(work))}
        last = max(len(work.turns), len(work.rounds))
        for t in range(last + 1):
            if t in work.checkpoints:
                self._items(work, t, keys)
            if t == last or not self._step(work, t, keys):
                return

    def _step(self, work: TrackWork, t: int, keys: Mapping[int, KeysBehind]) -> bool:
        """Go from t rounds to t + 1; False where nobody knows yet what will be said."""
        if t >= len(work.rounds):
            key = keys[work.model.sampling.max_tokens].key(work.turns[t])
            reply = self._index.get(key.hex())
            if reply is None:
                return False
            self._count(work.dialogue, t, [key])
            work.rounds.append(Round(t + 1, work.turns[t], reply, key.hex()))
        held = work.rounds[t]
        if held.reply.status not in WITH_TEXT:
            return False  # nothing is asked behind it
        for behind in keys.values():
            behind.grow(held.user, held.reply.text or "")
        return True

    def _items(self, work: TrackWork, t: int, keys: Mapping[int, KeysBehind]) -> None:
        for asked in work.asked:
            behind = keys[asked.max_tokens]
            self._count(asked.cell, t, (behind.key(item.prompt) for item in asked.items))

    def _judgement(self, cell: Cell) -> None:
        work: JudgeWork | None = judge_work(self._grid, cell, self._results)
        if work is not None:
            self._count(cell, 0, (bytes.fromhex(request.key) for _, request in work.requests()))

    def _count(self, cell: Cell | None, before: int, keys: Iterable[bytes]) -> None:
        found = {key for key in keys if key in self._index} - self._counted
        if cell is not None and found:
            self._counted |= found
            self._counts.setdefault(cell.path, {})[before] = len(found)


def _longest(work: TrackWork) -> set[int]:
    return {work.model.sampling.max_tokens, *(asked.max_tokens for asked in work.asked)}
