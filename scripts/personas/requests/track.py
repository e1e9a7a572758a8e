"""Hold one dialogue and ask items in the middle of it."""

import asyncio
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from personas.config.models import ModelSection
from personas.config.personas import Persona
from personas.engines.request import WITH_TEXT, Ask, Reply, Request
from personas.grid.cells import Cell
from personas.interventions import Exchange, History, Intervention
from personas.prompts.recipe import Message, join_messages, messages
from personas.requests.simulated_user import SimulatedUser
from personas.requests.steps import CellItems, KeyedReply, Question, Step, Steps, after
from personas.requests.transcript import Aside, Response, Round, WrittenTurn, dialogue_table, response_table


@dataclass
class TrackWork:
    """What a batch does on one track: `turns` to hold (those of `rounds` are held already), items to ask.

    `intervention` is None where nothing is done to keep the `persona`, which is None for the baseline. With a `user`
    whom a model plays all `turns` but the first are empty until they are written. So they are where the user turns of
    another dialogue are `replayed`: its rounds as far as they are known, or once the `source` has held them all.
    """

    model: ModelSection
    identity: Mapping[str, object]
    opening: Sequence[Message]
    turns: list[str]
    seed: int
    dialogue: Cell | None
    cell_items: Sequence[CellItems]
    checkpoints: Sequence[int]
    persona: Persona | None = None
    intervention: Intervention | None = None
    user: SimulatedUser | None = None
    source: "TrackWork | None" = None
    replayed: Sequence[Round] | None = None
    rounds: list[Round] = field(default_factory=list)
    responses: dict[str, list[Response]] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when all rounds are held."""
    _sound: int = 0
    """Rounds from the first on that are known to have an answer to go on from."""

    @property
    def planned(self) -> int:
        """Requests at most: rounds still to hold, what is asked behind them, every item at every checkpoint."""
        items = sum(len(group.items) for group in self.cell_items)
        to_hold = range(len(self.rounds), len(self.turns))
        asides = sum(self.aside_behind(t + 1) is not None for t in to_hold)
        written = sum(t > 0 for t in to_hold) if self.user else 0
        return len(to_hold) + asides + written + items * len(self.checkpoints)

    def in_a_row(self, in_order: bool) -> int:
        """Return how many of the requests that are left wait for each other.

        All `in_order`; else rounds up to the last one or to a checkpoint, there an item that warms the prefix, and
        the others at once.
        """
        n_answers = Counter(response.checkpoint for rows in self.responses.values() for response in rows)
        n_rounds, items = len(self.rounds), sum(len(group.items) for group in self.cell_items)
        if in_order:
            return self.planned - n_answers.total()
        open_ones = [(t, items - n_answers[t]) for t in self.checkpoints if n_answers[t] < items]
        each = 2 if self.user else 1
        behind = (
            each * max(0, t - n_rounds) + min(open_items, 1 if n_answers[t] else 2) for t, open_items in open_ones
        )
        return max([each * (len(self.turns) - n_rounds), *behind])

    def steps(self) -> Steps:
        """Yield what is asked behind 0, 1, 2 ... rounds: the one place that says so, for runs and for plans.

        Whoever drives it sends the reply to each step's round, and answers items with `respond`. A plan that does not
        know a reply sends None, which ends it.
        """
        last = max(len(self.turns), len(self.rounds))
        for t in range(last + 1):
            if not (yield from self._aside_steps(t)):
                return
            broken, written = self.broken_before(t + 1), None
            is_open = len(self.rounds) <= t < last
            if self.replayed is not None and is_open:
                if t == len(self.replayed):
                    return
                self.turns[t] = self.replayed[t].user
                broken = broken or _unheard(self.replayed[t])
            items = self.items_behind(t) if t in self.checkpoints else []
            if self.user is not None and is_open and t:
                answer = yield Step(t, Question(t, "", self.user.max_tokens, is_written=True), items, broken)
                items = []
                if broken is None:
                    if answer is None:
                        return
                    self.turns[t], broken, written = (
                        self.user.turn(answer[0]),
                        self.user.ends(answer[0], t),
                        WrittenTurn(*answer),
                    )
            answer = yield Step(t, self.round_behind(t) if is_open else None, items, broken)
            if is_open and broken is not None:
                self.rounds.append(Round(t + 1, self.turns[t], broken, None, written=written))
            elif is_open:
                if answer is None:
                    return
                self.rounds.append(Round(t + 1, self.turns[t], *answer, written=written))

    def _aside_steps(self, t: int) -> Generator[Step, KeyedReply | None, bool]:
        """Yield what an intervention asks behind `t` rounds, unless that is known; False where a plan cannot know."""
        text = self.aside_behind(t) if self.dialogue is not None and self.broken_before(t + 1) is None else None
        if text is not None and self.rounds[t - 1].aside is None:
            answer = yield Step(t, Question(t, text, self.model.sampling.max_tokens, is_aside=True), [], None)
            if answer is None:
                return False
            self.rounds[t - 1] = replace(self.rounds[t - 1], aside=Aside(text, *answer))
        return True

    def aside_behind(self, t: int) -> str | None:
        """Return what an intervention asks behind `t` rounds; None for nothing."""
        return self.intervention.aside(self._history(t)) if self.intervention and t else None

    def _history(self, t: int) -> History:
        """Return the first `t` rounds as an intervention sees them; of those to come, only the user turns."""
        exchanges = [one.exchange for one in self.rounds[:t]]
        to_come = [Exchange(turn, "") for turn in self.turns[len(exchanges) : t]]
        return History(self.opening, [*exchanges, *to_come], self.persona, self.model.system_role)

    def round_behind(self, t: int) -> Question:
        """Return the question of the round behind `t` rounds."""
        return Question(t, self.turns[t], self.model.sampling.max_tokens)

    def items_behind(self, t: int) -> list[Question]:
        """Return the questions of all items behind `t` rounds."""
        return [Question(t, item.prompt, own.max_tokens, own, item) for own in self.cell_items for item in own.items]

    def respond(self, question: Question, reply: Reply, key: str | None) -> None:
        """Take the reply to the question of an item; `key` is None if it was not asked."""
        if question.cell_items is not None and question.item is not None:
            response = Response(question.before, question.item.id, question.turn, reply, key)
            self.responses.setdefault(question.cell_items.cell.path, []).append(response)

    async def run(self, ask: Ask, in_order: bool) -> None:
        """Hold the rounds in order; at each checkpoint ask its items as soon as its round is there.

        `in_order`: the engine keeps one prefix per dialogue, so items and rounds follow one another. Otherwise
        the first item of a checkpoint warms the shared prefix, the rest go side by side, and the dialogue goes
        on meanwhile.
        """
        if self.source is not None:
            await self.source.over.wait()
            self.replayed = self.source.rounds
        steps, answer = self.steps(), None
        async with asyncio.TaskGroup() as group:
            while step := after(steps, answer):
                if step.items and in_order:
                    await self._ask_items(step, ask, in_order)
                elif step.items:
                    group.create_task(self._ask_items(step, ask, in_order))
                answer = await self._ask_question(step.round, ask) if step.round and not step.broken else None
            self.over.set()
        self._sort_responses()

    async def _ask_question(self, question: Question, ask: Ask) -> KeyedReply:
        request = self.request(question)
        return await ask(request), request.key

    async def _ask_items(self, step: Step, ask: Ask, in_order: bool) -> None:
        ahead = len(step.items) if in_order else 1
        for question in step.items[:ahead]:
            await self._ask_item(step, question, ask)
        async with asyncio.TaskGroup() as group:
            for question in step.items[ahead:]:
                group.create_task(self._ask_item(step, question, ask))

    async def _ask_item(self, step: Step, question: Question, ask: Ask) -> None:
        if step.broken is not None:
            self.respond(question, step.broken, None)
        else:
            self.respond(question, *await self._ask_question(question, ask))

    def request(self, question: Question) -> Request:
        """Return the request of a question, behind the rounds held so far."""
        if question.is_written and self.user is not None:
            return self.user.request(self.rounds[: question.before], self.seed)
        sampling, cell_items = self.model.sampling, question.cell_items
        return Request(
            model=self.identity,
            messages=self.prompt(question),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=question.max_tokens,
            seed=self.seed,
            template_arguments=self.model.thinking.template_arguments,
            effort=self.model.thinking.effort,
            what=(cell_items.cell.benchmark or "") if cell_items else "dialogues",
            before=question.before,
        )

    def prompt(self, question: Question) -> list[Message]:
        """Return what a request of the measured model reads."""
        if self.intervention is None:
            exchanges = [(r.user, r.reply.text or "") for r in self.rounds[: question.before]]
            return messages(self.opening, exchanges, question.turn)
        history, is_item = self._history(question.before), question.item is not None
        return join_messages(self.intervention.messages(history, question.turn, is_item))

    def broken_before(self, number: int) -> Reply | None:
        """Tell why nothing can follow round `number - 1`: an earlier round got no answer to go on from."""
        for previous in self.rounds[self._sound : number - 1]:
            if previous.reply.status == "ended":
                return previous.reply
            if previous.reply.status not in WITH_TEXT:
                why = f"not asked: round {previous.number} of the dialogue ended as {previous.reply.status}"
                return Reply(previous.reply.status, detail=why)
            if previous.aside is not None and previous.aside.reply.status not in WITH_TEXT:
                status = previous.aside.reply.status
                why = f"not asked: what the intervention asked behind round {previous.number} ended as {status}"
                return Reply(status, detail=why)
        # The last one may still get what an intervention asks behind it.
        self._sound = max(self._sound, min(number - 1, len(self.rounds)) - 1)
        return None

    def cells(self) -> Iterator[tuple[Cell, pa.Table]]:
        """Yield every cell that was to be made, with its content."""
        if self.dialogue is not None:
            yield self.dialogue, dialogue_table(self.rounds)
        for group in self.cell_items:
            yield group.cell, response_table(self.responses.get(group.cell.path, []))

    def _sort_responses(self) -> None:
        for group in self.cell_items:
            rank = {item.id: place for place, item in enumerate(group.items)}
            self.responses.get(group.cell.path, []).sort(key=lambda r: (r.checkpoint, rank[r.item]))


def _unheard(source: Round) -> Reply | None:
    """Return why a user turn is not replayed: nobody was asked to answer it there."""
    if source.key is not None:
        return None
    return Reply(source.reply.status, detail=f"not asked: the dialogue it replays has no round {source.number}")
