"""Dialogues with an intervention or a played user, held with stand-ins for what is said: what is asked where, and
which prompts are equal.

Elsewhere every prompt goes on from the one before, so user turns alone say all this (`distinct`, `tokens`). An
intervention may put anything in front of a turn, and a played user has prompts of their own; so all of them are built
as a batch builds them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from personas.benchmarks.base import Item
from personas.config.personas import NONE
from personas.config.users import SAME
from personas.engines.request import CHARACTERS_PER_MESSAGE, Reply
from personas.grid.cells import Track
from personas.grid.grid import Grid
from personas.prompts.recipe import Message, messages
from personas.requests.simulated_user import SimulatedUser
from personas.requests.steps import KeyedReply, Question, after
from personas.requests.track import TrackWork
from personas.requests.work import new_work

_OPENS, _CLOSES = "\ue000", "\ue001"
"""Around a stand-in: private characters, so that stand-ins are found again in whatever text they come to stand in."""
_STAND_IN = re.compile(f"{_OPENS}[^{_CLOSES}]*{_CLOSES}")
_WRITTEN_CHARACTERS = 160
"""Stated default: characters of a user turn that a model writes."""
_TURN = "\ue002"
"""Stands for a last user turn where prompts are compared up to it."""


class Size(NamedTuple):
    """Characters of known texts, `CHARACTERS_PER_MESSAGE` counted for each message, and answers among them."""

    characters: int
    answers: int


@dataclass(frozen=True)
class Prompt:
    """What stands before a user turn; `place` tells such prompts apart, None is the same as without an intervention.

    `new` is what the request before in the dialogue had not in the same prefix. `by` is who writes a user turn, None
    for what the measured model is asked.
    """

    place: int | None
    turn: str
    before: Size
    new: Size
    is_aside: bool
    by: str | None = None
    max_tokens: int | None = None


@dataclass
class SimulatedDialogue:
    """The prompts of one dialogue, by rounds before: asides, user turns, rounds, and what stands before any item.

    `turns` are its user turns, stand-ins for those that a model writes.
    """

    turns: list[str]
    written: dict[int, Prompt] = field(default_factory=dict)
    asides: dict[int, Prompt] = field(default_factory=dict)
    rounds: dict[int, Prompt] = field(default_factory=dict)
    items: dict[int, Prompt] = field(default_factory=dict)

    def of_dialogue(self, t: int, by: str | None = None) -> list[Prompt]:
        """Return what the dialogue itself asks behind `t` rounds of the measured model, or of who plays the user."""
        prompts = [by_round[t] for by_round in (self.asides, self.written, self.rounds) if t in by_round]
        return [prompt for prompt in prompts if prompt.by == by]


class Simulations:
    """The simulated dialogues of a grid. Those with the same texts are one: models and replicates share them."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._of: dict[Track, SimulatedDialogue] = {}
        self._simulations: dict[object, SimulatedDialogue] = {}

    def of(self, track: Track) -> SimulatedDialogue | None:
        """Return the simulated dialogue of a track; None for one without an intervention and with known turns."""
        if track.intervention == NONE and track.condition not in self._grid.study.briefs:
            return None
        if track not in self._of:
            self._of[track] = self._simulation_of(track)
        return self._of[track]

    def _simulation_of(self, track: Track) -> SimulatedDialogue:
        work = new_work(self._grid, track, [self._grid.dialogues[track]])
        if track.source and (source := self.of(track.source)):
            work.turns = source.turns
        opening = tuple((message["role"], message["content"]) for message in work.opening)
        user = work.user and (work.user.slug, work.user.brief.model_dump_json(), work.user.role, work.user.max_tokens)
        texts = tuple(one.reply.text for one in work.rounds)
        key = (track.intervention, track.persona, opening, work.model.system_role, tuple(work.turns), user, texts)
        if key not in self._simulations:
            self._simulations[key] = _simulate(work, bool(track.replays))
        return self._simulations[key]


def _simulate(work: TrackWork, is_replay: bool) -> SimulatedDialogue:
    simulation, steps, answer = _Simulation(work, is_replay), work.steps(), None
    while step := after(steps, answer):
        answer = simulation.ask(step.round) if step.round else None
        if step.before in work.checkpoints and not (step.round and (step.round.is_aside or step.round.is_written)):
            simulation.ask_item(step.before)
    return simulation.result


class _Simulation:
    def __init__(self, work: TrackWork, is_replay: bool) -> None:
        self.result = SimulatedDialogue(work.turns)
        self._work, self._is_replay = work, is_replay
        self._sent = self._heard = _Reading((), ())
        self._is_plain = True

    def ask(self, question: Question) -> KeyedReply:
        """Ask what the dialogue asks, and return a stand-in that is the same for equal prompts."""
        if question.is_written and self._work.user is not None:
            return self._write(question, self._work.user)
        reading, prompt = self._prompt(question)
        (self.result.asides if question.is_aside else self.result.rounds)[question.before] = prompt
        last = reading.texts[-1].replace(_TURN, question.turn)
        self._sent = _Reading(reading.roles, (*reading.texts[:-1], last))
        self._is_plain &= prompt.place is None or question.is_aside
        return Reply("ok", text=f"{_OPENS}{hash((hash(reading), question.turn)):x}{_CLOSES}"), ""

    def _write(self, question: Question, user: SimulatedUser) -> KeyedReply:
        """Ask for a user turn; the prompt is another conversation, so nothing of it is in the dialogue's prefix."""
        reading = _reading(self._work.request(question).messages)
        place, sizes, shared = hash(reading), _sizes(reading), reading.shared_with(self._heard)
        self._heard, self._is_plain = reading, False
        before, new = (_sum(part, but="") for part in (sizes, sizes[shared:]))
        self.result.written[question.before] = Prompt(
            place, "", before, new, True, user.slug or SAME, user.max_tokens
        )
        return Reply("ok", text=f"{place:x}".ljust(min(_WRITTEN_CHARACTERS, 4 * user.max_tokens), ".")), ""

    def ask_item(self, before: int) -> None:
        """Note the prompt in front of any item."""
        self.result.items[before] = self._prompt(Question(before, _TURN, 0, item=Item("", _TURN)))[-1]

    def _prompt(self, question: Question) -> tuple["_Reading", Prompt]:
        """Return what is read, and what is known of it."""
        read = _reading(self._work.prompt(replace(question, turn=_TURN)))
        # Of a turn that is replayed user turns alone do not tell what it says.
        is_known = self._is_plain and not (self._is_replay and question.before)
        plain = is_known and read == _reading(self._plain(question.before))
        sizes = _sizes(read)
        before, new = (_sum(part, but=_TURN) for part in (sizes, sizes[read.shared_with(self._sent) :]))
        return read, Prompt(None if plain else hash(read), question.turn, before, new, question.is_aside)

    def _plain(self, before: int) -> list[Message]:
        rounds = [(one.user, one.reply.text or "") for one in self._work.rounds[:before]]
        return messages(self._work.opening, rounds, _TURN)


class _Reading(NamedTuple):
    """The messages of a prompt; in this form long ones are compared and hashed quickly."""

    roles: tuple[str, ...]
    texts: tuple[str, ...]

    def shared_with(self, other: "_Reading") -> int:
        """Return how many messages two prompts begin with alike."""
        n = min(len(self.texts), len(other.texts))
        if self.texts[:n] == other.texts[:n] and self.roles[:n] == other.roles[:n]:
            return n
        pairs = zip(zip(*self, strict=True), zip(*other, strict=True), strict=False)
        return next(place for place, (one, another) in enumerate(pairs) if one != another)


def _reading(prompt: Sequence[Mapping[str, str]]) -> _Reading:
    return _Reading(tuple([m["role"] for m in prompt]), tuple([m["content"] for m in prompt]))


def _sizes(read: _Reading) -> list[Size]:
    return [_size_of_text(text) for text in read.texts]


def _sum(sizes: Sequence[Size], but: str) -> Size:
    """Return the size of messages without the text of the last."""
    characters = sum([size.characters for size in sizes]) + CHARACTERS_PER_MESSAGE * (len(sizes) - 1) - len(but)
    return Size(characters, sum([size.answers for size in sizes]))


@lru_cache(maxsize=4096)
def _size_of_text(text: str) -> Size:
    stand_ins = _STAND_IN.findall(text)
    return Size(len(text) - sum(map(len, stand_ins)), len(stand_ins))
