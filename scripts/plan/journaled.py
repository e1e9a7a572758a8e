"""Which requests of missing cells need not be sent: the journal answers them, or nothing will ever be asked.

The same requests are built as a batch would build them, so the counts are exact as far as the dialogue can be
followed: it is read from its file, or walked through the journal round by round.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scripts.batch.journal import JournalIndex
from scripts.engines.request import WITH_TEXT, KeysBehind
from scripts.generate.track import TrackWork
from scripts.generate.transcript import Round, rounds_of
from scripts.generate.work import new_work
from scripts.grid.canonical import sha256
from scripts.grid.cells import Cell, Track
from scripts.grid.grid import Grid
from scripts.grid.recipe import first_turn_prefix
from scripts.judge.rows import JudgedRow
from scripts.judge.work import JudgeWork, judge_work
from scripts.parquet import read_table

Counts = dict[str, dict[int, int]]


def journaled(grid: Grid, missing: Sequence[Cell], results: Path) -> Mapping[str, Mapping[int, int]]:
    """Return, for the path of a missing cell and rounds before, how many of its requests the journal settles.

    It settles a request by an answer, or by what is known to leave nothing to ask: a round that broke off before
    it, an answer without a text to judge. A request that several cells share counts for the first. Only journals of
    models with missing cells are read.
    """
    counts: Counts = {}
    groups: dict[str, list[Cell]] = defaultdict(list)
    for cell in (cell for cell in missing if not cell.is_imported):
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
            work.rounds = rounds_of(read_table(self._results / self._grid.dialogues[track].path))
        first = work.round_request(1)
        prefix = first_turn_prefix(work.opening)
        keys = {n: KeysBehind(replace(first, max_tokens=n), prefix) for n in sorted(_longest(work))}
        last = max(len(work.turns), len(work.rounds))
        for t in range(last + 1):
            known = t < last and self._round(work, t, keys)
            if t in work.checkpoints:
                self._items(work, t, keys)
            if not known:  # nobody knows yet what will be said
                return
            held = work.rounds[t]
            if held.reply.status not in WITH_TEXT:
                self._nothing_behind(work, t + 1)
                return
            for behind in keys.values():
                behind.grow(held.user, held.reply.text or "")

    def _round(self, work: TrackWork, t: int, keys: Mapping[int, KeysBehind]) -> bool:
        """Tell whether the answer behind t rounds is known, and add it to the rounds."""
        if t >= len(work.rounds):
            key = keys[work.model.sampling.max_tokens].key(work.turns[t])
            reply = self._index.get(key.hex())
            if reply is None:
                return False
            self._count(work.dialogue, t, [key])
            work.rounds.append(Round(t + 1, work.turns[t], reply, key.hex()))
        return True

    def _nothing_behind(self, work: TrackWork, rounds: int) -> None:
        """Settle everything behind a round that broke off: nothing is asked there."""
        for t in range(rounds, len(work.turns) + 1):
            if work.dialogue is not None and t < len(work.turns):
                self._add(work.dialogue, t, 1)
            for asked in work.asked if t in work.checkpoints else ():
                self._add(asked.cell, t, len(asked.items))

    def _items(self, work: TrackWork, t: int, keys: Mapping[int, KeysBehind]) -> None:
        for asked in work.asked:
            behind = keys[asked.max_tokens]
            self._count(asked.cell, t, (behind.key(item.prompt) for item in asked.items))

    def _judgement(self, cell: Cell) -> None:
        work: JudgeWork | None = judge_work(self._grid, cell, self._results)
        if work is not None:
            self._count(cell, 0, (bytes.fromhex(request.key) for _, request in work.requests()))
            if not cell.completions:  # blank ones among published answers are no requests from the start
                self._settle(cell, 0, {self._place(cell, row) for row in work.rows if row.not_judged})

    def _place(self, cell: Cell, row: JudgedRow) -> bytes:
        """Return what stands for the key of a row without a text to judge: cells share such rows too."""
        track, study = cell.track, self._grid.study
        turns = study.turns[track.condition][track.order][: row.before]
        owner = [cell.judge, study.config.rubric(cell.kind), cell.as_persona]
        speaker = [track.model, track.persona, track.replicate]
        return bytes.fromhex(
            sha256([*owner, *speaker, list(turns), row.user_turn, row.reference_sha256, row.reference_is_a])
        )

    def _count(self, cell: Cell | None, before: int, keys: Iterable[bytes]) -> None:
        if cell is not None:
            self._settle(cell, before, {key for key in keys if key in self._index})

    def _settle(self, cell: Cell, before: int, keys: set[bytes]) -> None:
        found = keys - self._counted
        if found:
            self._counted |= found
            self._add(cell, before, len(found))

    def _add(self, cell: Cell, before: int, requests: int) -> None:
        counts = self._counts.setdefault(cell.path, {})
        counts[before] = counts.get(before, 0) + requests


def _longest(work: TrackWork) -> set[int]:
    return {work.model.sampling.max_tokens, *(asked.max_tokens for asked in work.asked)}
