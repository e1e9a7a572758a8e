"""Dialogues followed as far as they are known: read from their files, or round by round out of a journal."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from personas.core.parquet import read_table
from personas.engines.request import KeysBehind, Reply
from personas.grid.cells import Cell, Track
from personas.grid.grid import Grid
from personas.prompts.recipe import first_turn_prefix
from personas.requests.journal import JournalIndex
from personas.requests.steps import KeyedReply, Question, Step, after
from personas.requests.track import TrackWork
from personas.requests.transcript import Round, rounds_of
from personas.requests.work import new_work

UNKNOWN: Any = "unknown"
"""Stands in the place of a status where nobody knows yet what will be said."""


class Keys:
    """The keys of the requests behind a dialogue that grows. An intervention may change what stands before a turn, so
    that nothing of the key of one request is of use for the next.
    """

    def __init__(self, work: TrackWork) -> None:
        self._work, self._behind = work, dict[int, KeysBehind]()
        if work.intervention is None:
            first, prefix = work.request(work.round_behind(0)), first_turn_prefix(work.opening)
            longest = {work.model.sampling.max_tokens, *(group.max_tokens for group in work.cell_items)}
            self._behind = {n: KeysBehind(replace(first, max_tokens=n), prefix) for n in sorted(longest)}

    def key(self, question: Question) -> bytes:
        """Return the 32 bytes of the key of a question behind the rounds so far."""
        if self._work.intervention is None and not question.is_written:
            return self._behind[question.max_tokens].key(question.turn)
        return bytes.fromhex(self._work.request(question).key)

    def grow(self, turn: str, reply: Reply) -> None:
        """Add a round."""
        for behind in self._behind.values():
            behind.grow(turn, reply.text or "")


class Follower:
    """Follows the dialogue of a track; what is done at each step is up to the methods that do nothing here."""

    def __init__(self, grid: Grid, results: Path, index: JournalIndex) -> None:
        self._grid, self._results, self._index = grid, results, index
        self._users: dict[str, JournalIndex] = {}

    def follow(self, track: Track, cells: Sequence[Cell]) -> TrackWork:
        """Follow the work that makes `cells` of a track, and return it with the rounds that are known."""
        work = new_work(self._grid, track, list(cells))
        if work.dialogue is None:
            work.rounds = self._read(track)
        elif track.source:
            work.replayed = self._rounds_of(track.source)
        keys, steps, answer = Keys(work), work.steps(), None
        while step := after(steps, answer):
            answer = self._take(work, step, keys)
            if step.before < len(work.rounds):
                keys.grow(work.rounds[step.before].user, work.rounds[step.before].reply)
            elif answer is not None and step.round is not None and not step.round.is_written:
                keys.grow(step.round.turn, answer[0])
        return work

    def _read(self, track: Track) -> list[Round]:
        return rounds_of(read_table(self._results / self._grid.dialogues[track].path))

    def _rounds_of(self, track: Track) -> Sequence[Round]:
        """Return the rounds of a dialogue that is another's source, as far as file or journal know them."""
        dialogue = self._grid.dialogues[track]
        if (self._results / dialogue.path).exists():
            return self._read(track)
        return Follower(self._grid, self._results, self._index).follow(track, [dialogue]).rounds

    def _take(self, work: TrackWork, step: Step, keys: Keys) -> KeyedReply | None:
        """See one step, and return the reply to its round where it is known."""
        if step.broken is not None:
            self.leave(work, step)
            return None
        answer = None
        if step.round is not None:
            key = keys.key(step.round)
            reply = self._journal_of(work, step.round).get(key.hex())
            if reply is not None:
                answer = (reply, key.hex())
                self.hold_round(work, step, key)
        self.ask_items(work, step, keys)
        return answer

    def _journal_of(self, work: TrackWork, question: Question) -> JournalIndex:
        """Return the journal that a question is answered in: another model may write the user turns."""
        slug = work.user.slug if work.user and question.is_written else None
        if slug is None:
            return self._index
        if slug not in self._users:
            self._users[slug] = JournalIndex(self._results / "journal" / slug)
        return self._users[slug]

    def hold_round(self, work: TrackWork, step: Step, key: bytes) -> None:
        """See the key of a round that the journal answers."""

    def ask_items(self, work: TrackWork, step: Step, keys: Keys) -> None:
        """See the items of a step."""

    def leave(self, work: TrackWork, step: Step) -> None:
        """See that nothing of a step is asked, because an earlier round broke off."""


class Unwritten(Follower):
    """What cells will hold that are made anew, as far as the journal answers it."""

    def rows(self, cell: Cell, missing: Sequence[Cell]) -> list[dict[str, Any]]:
        """Return the rows of a dialogue or response cell; `missing` are the missing cells of its track.

        The status of a row that nobody can know is UNKNOWN.
        """
        cells = [other for other in missing if other.path == cell.path or other.benchmark is None]
        work = self.follow(cell.track, cells)
        if cell.benchmark is None:
            return [self._round_row(work, number) for number in range(1, len(work.turns) + 1)]
        [cell_items] = work.cell_items
        replies = {(r.checkpoint, r.item): r.reply for r in work.responses.get(cell.path, [])}
        return [
            {
                **{"checkpoint": t, "item_id": item.id, "prompt": item.prompt},
                **_answer_columns(replies.get((t, item.id)) or work.broken_before(t + 1)),
            }
            for t in work.checkpoints
            for item in cell_items.items
        ]

    def _round_row(self, work: TrackWork, number: int) -> dict[str, Any]:
        reply = work.rounds[number - 1].reply if number <= len(work.rounds) else work.broken_before(number)
        return {"round": number, "user": work.turns[number - 1], **_answer_columns(reply)}

    def ask_items(self, work: TrackWork, step: Step, keys: Keys) -> None:
        """Look the items up that are asked in a step."""
        for question in step.items:
            key = keys.key(question).hex()
            if reply := self._index.get(key):
                work.respond(question, reply, key)


def _answer_columns(reply: Reply | None) -> dict[str, Any]:
    return {"answer": reply.text, "status": reply.status} if reply else {"answer": None, "status": UNKNOWN}
