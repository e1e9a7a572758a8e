"""Hold one dialogue and ask items in the middle of it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from personas.benchmarks.base import Item
from personas.config.models import ModelSection
from personas.engines.request import WITH_TEXT, Ask, Reply, Request
from personas.grid.cells import Cell
from personas.prompts.recipe import Message, messages
from personas.requests.transcript import Response, Round, dialogue_table, response_table


@dataclass(frozen=True)
class Asked:
    """A response cell to make: its items in order, and the longest answer allowed."""

    cell: Cell
    items: Sequence[Item]
    max_tokens: int


@dataclass
class TrackWork:
    """What a batch does on one track: `turns` to hold (those of `rounds` are held already), items to ask."""

    model: ModelSection
    identity: Mapping[str, object]
    opening: Sequence[Message]
    turns: Sequence[str]
    seed: int
    dialogue: Cell | None
    asked: Sequence[Asked]
    checkpoints: Sequence[int]
    rounds: list[Round] = field(default_factory=list)
    responses: dict[str, list[Response]] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """Requests at most: rounds still to hold, and every item at every checkpoint."""
        items = sum(len(asked.items) for asked in self.asked)
        return len(self.turns) - len(self.rounds) + items * len(self.checkpoints)

    async def run(self, ask: Ask, in_order: bool) -> None:
        """Hold the rounds in order; at each checkpoint ask its items as soon as its round is there.

        `in_order`: the engine keeps one prefix per dialogue, so items and rounds follow one another. Otherwise
        the first item of a checkpoint warms the shared prefix, the rest go side by side, and the dialogue goes
        on meanwhile.
        """
        async with asyncio.TaskGroup() as group:
            last = max(len(self.turns), len(self.rounds))
            for t in range(last + 1):
                if t in self.checkpoints and self.asked:
                    asking = self._ask_items(t, ask, in_order)
                    if in_order:
                        await asking
                    else:
                        group.create_task(asking)
                if t < last and t >= len(self.rounds):
                    self.rounds.append(await self._hold_round(t + 1, ask))
        self._sort_responses()

    async def _hold_round(self, number: int, ask: Ask) -> Round:
        turn = self.turns[number - 1]
        broken = self.broken_before(number)
        if broken is not None:
            return Round(number, turn, broken, None)
        request = self.round_request(number)
        return Round(number, turn, await ask(request), request.key)

    async def _ask_items(self, t: int, ask: Ask, in_order: bool) -> None:
        pending = [(asked, item) for asked in self.asked for item in asked.items]
        ahead = len(pending) if in_order else 1
        for asked, item in pending[:ahead]:
            await self._ask_item(t, asked, item, ask)
        async with asyncio.TaskGroup() as group:
            for asked, item in pending[ahead:]:
                group.create_task(self._ask_item(t, asked, item, ask))

    async def _ask_item(self, t: int, asked: Asked, item: Item, ask: Ask) -> None:
        reply, key = self.broken_before(t + 1), None
        if reply is None:
            request = self.item_request(t, item.prompt, asked)
            reply, key = await ask(request), request.key
        response = Response(t, item.id, item.prompt, reply, key)
        self.responses.setdefault(asked.cell.path, []).append(response)

    def round_request(self, number: int) -> Request:
        """Return the request of round `number` (from 1), behind the rounds held so far."""
        return self._request(number - 1, self.turns[number - 1], self.model.sampling.max_tokens, "dialogues")

    def item_request(self, t: int, prompt: str, asked: Asked) -> Request:
        """Return the request of an item behind the first `t` rounds."""
        return self._request(t, prompt, asked.max_tokens, asked.cell.benchmark or "")

    def _request(self, t: int, turn: str, max_tokens: int, what: str) -> Request:
        sampling = self.model.sampling
        held = [(r.user, r.reply.text or "") for r in self.rounds[:t]]
        return Request(
            model=self.identity,
            messages=messages(self.opening, held, turn),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=max_tokens,
            seed=self.seed,
            template_arguments=self.model.thinking.template_arguments,
            effort=self.model.thinking.effort,
            what=what,
            before=t,
        )

    def broken_before(self, number: int) -> Reply | None:
        """Tell why nothing can follow round `number - 1`: an earlier round got no answer to go on from."""
        for held in self.rounds[: number - 1]:
            if held.reply.status not in WITH_TEXT:
                why = f"not asked: round {held.number} of the dialogue ended as {held.reply.status}"
                return Reply(held.reply.status, detail=why)
        return None

    def cells(self) -> Iterator[tuple[Cell, pa.Table]]:
        """Yield every cell that was to be made, with its content."""
        if self.dialogue is not None:
            yield self.dialogue, dialogue_table(self.rounds)
        for asked in self.asked:
            yield asked.cell, response_table(self.responses.get(asked.cell.path, []))

    def _sort_responses(self) -> None:
        for asked in self.asked:
            rank = {item.id: place for place, item in enumerate(asked.items)}
            self.responses.get(asked.cell.path, []).sort(key=lambda r: (r.checkpoint, rank[r.item]))
