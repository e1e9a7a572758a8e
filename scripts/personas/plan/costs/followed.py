"""Dialogues followed as far as they are known: read from their files, or round by round out of a journal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from personas.core.parquet import read_table
from personas.engines.request import WITH_TEXT, KeysBehind, Reply
from personas.grid.cells import Cell, Track
from personas.grid.grid import Grid
from personas.prompts.recipe import first_turn_prefix
from personas.requests.journal import JournalIndex
from personas.requests.track import TrackWork
from personas.requests.transcript import Response, Round, rounds_of
from personas.requests.work import new_work

UNKNOWN: Any = "unknown"
"""Stands in the place of a status where nobody knows yet what will be said."""

Keys = Mapping[int, KeysBehind]
"""Longest answer -> the keys of requests with it."""


class Follower:
    """Follows the dialogue of a track; what is done at each step is up to the methods that do nothing here."""

    def __init__(self, grid: Grid, results: Path, index: JournalIndex) -> None:
        self._grid, self._results, self._index = grid, results, index

    def follow(self, track: Track, cells: Sequence[Cell]) -> TrackWork:
        """Follow the work that makes `cells` of a track, and return it with the rounds that are known."""
        work = new_work(self._grid, track, list(cells))
        if work.dialogue is None:
            work.rounds = rounds_of(read_table(self._results / self._grid.dialogues[track].path))
        first = work.round_request(1)
        prefix = first_turn_prefix(work.opening)
        keys = {n: KeysBehind(replace(first, max_tokens=n), prefix) for n in sorted(_longest(work))}
        last = max(len(work.turns), len(work.rounds))
        for t in range(last + 1):
            known = t < last and self._round(work, t, keys)
            if t in work.checkpoints:
                self.ask_items(work, t, keys)
            if not known:  # nobody knows yet what will be said
                break
            held = work.rounds[t]
            if held.reply.status not in WITH_TEXT:
                self.leave_rest(work, t + 1)
                break
            for behind in keys.values():
                behind.grow(held.user, held.reply.text or "")
        return work

    def _round(self, work: TrackWork, t: int, keys: Keys) -> bool:
        """Tell whether the answer behind t rounds is known, and add it to the rounds."""
        if t >= len(work.rounds):
            key = keys[work.model.sampling.max_tokens].key(work.turns[t])
            reply = self._index.get(key.hex())
            if reply is None:
                return False
            self.hold_round(work, t, key)
            work.rounds.append(Round(t + 1, work.turns[t], reply, key.hex()))
        return True

    def hold_round(self, work: TrackWork, t: int, key: bytes) -> None:
        """See the key of a round behind t rounds that the journal answers."""

    def ask_items(self, work: TrackWork, t: int, keys: Keys) -> None:
        """See the items that are asked behind t rounds."""

    def leave_rest(self, work: TrackWork, rounds: int) -> None:
        """See that nothing is asked behind so many rounds, because the last of them broke off."""


class Unwritten(Follower):
    """What cells will hold that are made anew, as far as the journal answers it."""

    def rows(self, cell: Cell, missing: Sequence[Cell]) -> list[dict[str, Any]]:
        """Return the rows of a dialogue or response cell; `missing` are the missing cells of its track.

        The status of a row that nobody can know is UNKNOWN.
        """
        own = [other for other in missing if other.path == cell.path or other.benchmark is None]
        work = self.follow(cell.track, own)
        if cell.benchmark is None:
            return [self._round_row(work, number) for number in range(1, len(work.turns) + 1)]
        [asked] = work.asked
        known = {(r.checkpoint, r.item): r.reply for r in work.responses.get(cell.path, [])}
        return [
            {
                **{"checkpoint": t, "item_id": item.id, "prompt": item.prompt},
                **_said(known.get((t, item.id)) or work.broken_before(t + 1)),
            }
            for t in work.checkpoints
            for item in asked.items
        ]

    def _round_row(self, work: TrackWork, number: int) -> dict[str, Any]:
        held = work.rounds[number - 1].reply if number <= len(work.rounds) else work.broken_before(number)
        return {"round": number, "user": work.turns[number - 1], **_said(held)}

    def ask_items(self, work: TrackWork, t: int, keys: Keys) -> None:
        """Look the items up that are asked behind t rounds."""
        for asked in work.asked:
            behind, own = keys[asked.max_tokens], work.responses.setdefault(asked.cell.path, [])
            for item in asked.items:
                key = behind.key(item.prompt).hex()
                if reply := self._index.get(key):
                    own.append(Response(t, item.id, item.prompt, reply, key))


def _said(reply: Reply | None) -> dict[str, Any]:
    return {"answer": reply.text, "status": reply.status} if reply else {"answer": None, "status": UNKNOWN}


def _longest(work: TrackWork) -> set[int]:
    return {work.model.sampling.max_tokens, *(asked.max_tokens for asked in work.asked)}
