"""Which requests of missing cells need not be sent: the journal answers them, or nothing will ever be asked.

The same requests are built as a batch would build them, so the counts are exact as far as the dialogue can be
followed: it is read from its file, or walked through the journal round by round. So are those of a judge, as far as
what it judges is known from its file or from the journal.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from personas.config.users import SAME
from personas.core.canonical import sha256
from personas.core.parquet import read_table
from personas.grid.cells import Cell, Track
from personas.grid.grid import Grid
from personas.plan.costs.distinct import Distinct
from personas.plan.costs.follower import UNKNOWN, Follower, Keys, Unwritten
from personas.plan.costs.loads import Loads, Place
from personas.requests.journal import JournalIndex
from personas.requests.judging import work_on
from personas.requests.rows import JudgedRow, earlier
from personas.requests.steps import Question, Step
from personas.requests.track import TrackWork

Counts = dict[str, dict[Place, int]]


def count_settled(grid: Grid, missing: Sequence[Cell], results: Path) -> Mapping[str, Mapping[Place, int]]:
    """Return, for the path of a missing cell and a place in it, how many of its requests are settled.

    It settles a request by an answer, or by what is known to leave nothing to ask: a round that broke off before
    it, an answer without a text to judge. A request that several cells share counts for the first; of a judgement
    all rows count that are not sent for it, also those that another cell asks for. Only journals of models with
    missing cells are read.
    """
    counts: Counts = {}
    groups: dict[str, list[Cell]] = defaultdict(list)
    for cell in (cell for cell in missing if not cell.is_imported):
        groups[cell.asked_slug].append(cell)
    journals = _Journals(results)
    judged_rows = _JudgedRows(grid, missing, results, journals)
    for slug, cells in groups.items():
        if len(journals.of(slug)):
            _Walk(grid, results, journals.of(slug), counts, judged_rows).over(cells)
    return counts


class _Journals:
    """The journals of models. Those of a study take much memory: two stay, a judge's and that of whom it judges."""

    def __init__(self, results: Path) -> None:
        self.of = lru_cache(maxsize=2)(lambda slug: JournalIndex(results / "journal" / slug))


class _JudgedRows:
    """The rows that a judge reads: of files, or of what the journal knows of cells that are made anew."""

    def __init__(self, grid: Grid, missing: Iterable[Cell], results: Path, journals: _Journals) -> None:
        self._grid, self._results, self._journals = grid, results, journals
        self._missing: dict[Track, list[Cell]] = defaultdict(list)
        for cell in (cell for cell in missing if not cell.judge):
            self._missing[cell.track].append(cell)
        self.rows = lru_cache(maxsize=1)(self._read)  # by one judge and rubric after the other

    def _read(self, path: str) -> list[dict[str, Any]] | None:
        """Return the rows of a cell; None where nobody can know them."""
        cell = self._grid.by_path[path]
        missing = self._missing.get(cell.track, [])
        if not any(other.path == path for other in missing):
            rows: list[dict[str, Any]] = read_table(self._results / path).to_pylist()
            return rows
        index = self._journals.of(cell.track.model)
        if cell.is_imported or not len(index):
            return None
        return Unwritten(self._grid, self._results, index).rows(cell, missing)


class _Walk(Follower):
    def __init__(
        self, grid: Grid, results: Path, index: JournalIndex, counts: Counts, judged_rows: _JudgedRows
    ) -> None:
        super().__init__(grid, results, index)
        self._counts, self._judged_rows = counts, judged_rows
        self._distinct = Distinct(grid, Loads(grid))
        self._known_keys: set[bytes] = set()

    def over(self, cells: Iterable[Cell]) -> None:
        tracks: dict[Track, list[Cell]] = defaultdict(list)
        for cell in cells:
            if cell.judge:
                self._judgement(cell)
            else:
                tracks[cell.track].append(cell)
        for track, own in tracks.items():
            self.follow(track, own)

    def hold_round(self, work: TrackWork, step: Step, key: bytes) -> None:
        if work.dialogue is not None and key not in self._known_keys:
            self._known_keys.add(key)
            self._add(work.dialogue, _place(work, step), 1)

    def leave(self, work: TrackWork, step: Step) -> None:
        if work.dialogue is not None:
            is_written = step.round is not None and step.round.is_written
            aside = None if is_written else work.aside_behind(step.before)
            self._add(work.dialogue, _place(work, step), sum(map(bool, (step.round, aside))))
        for cell, questions in _by_cell(step):
            self._add(cell, step.before, len(questions))

    def ask_items(self, work: TrackWork, step: Step, keys: Keys) -> None:
        for cell, questions in _by_cell(step):
            self._count(cell, step.before, map(keys.key, questions))

    def _judgement(self, cell: Cell) -> None:
        """Settle the rows of a judgement that are not sent for it: none of them where nothing is known of any."""
        if cell.judged is not None and self._judged_rows.rows(cell.judged.path) is None:
            return
        work = work_on(self._grid, cell, lambda judged: self._judged_rows.rows(judged.path) or [])
        keys = {bytes.fromhex(request.key) for _, request in work.requests()}
        keys = {key for key in keys if key not in self._index}
        keys |= {self._place(cell, row) for row in work.rows if row.not_judged == UNKNOWN}
        new = keys - self._known_keys
        self._known_keys |= new
        self._add(cell, 0, len(work.rows) - len(new))

    def _place(self, cell: Cell, row: JudgedRow) -> bytes:
        """Return what stands for the key of a row that nobody knows yet: cells share such rows too."""
        config = self._grid.study.config
        behind = self._distinct.behind(cell.track, row.before, is_round=cell.benchmark is None)
        itself = cell.reference in ("zero", "previous")
        beside = earlier(list(config.checkpoints), row.before, cell.reference) if itself else row.reference_sha256
        longest = config.longest_answer(cell.track.model, cell.benchmark)
        owner = [cell.judge, config.rubric(cell.kind), cell.as_persona, cell.second]
        request = [behind, row.user_turn, longest, row.trait, beside, row.reference_is_a]
        return bytes.fromhex(sha256([*owner, *request]))

    def _count(self, cell: Cell | None, before: int, keys: Iterable[bytes]) -> None:
        if cell is not None:
            new_keys = {key for key in keys if key in self._index} - self._known_keys
            self._known_keys |= new_keys
            self._add(cell, before, len(new_keys))

    def _add(self, cell: Cell, place: Place, requests: int) -> None:
        if requests:
            counts = self._counts.setdefault(cell.path, {})
            counts[place] = counts.get(place, 0) + requests


def _place(work: TrackWork, step: Step) -> Place:
    """Return where the round of a step stands, as loads tell it."""
    if work.user is None or step.round is None or not step.round.is_written:
        return step.before
    return step.before, work.user.slug or SAME


def _by_cell(step: Step) -> list[tuple[Cell, list[Question]]]:
    """Return the items of a step by the cell that they are of."""
    groups = groupby(step.items, key=lambda question: question.cell_items)
    return [(group.cell, list(questions)) for group, questions in groups if group is not None]
