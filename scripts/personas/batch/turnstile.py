"""Lets requests through, a bounded number at a time: of those that wait, the ones of the earliest work first."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count


class Turnstile:
    """Room for `room` requests at once.

    Requests of one work (a dialogue, a cell to judge) share a prefix. Were all works served in turn, the prefixes of
    all of them would have to stay in the engine's memory, which long dialogues do not fit into; served one after the
    other, as far as there is room, only those of the first few do.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def turn(self, rank: int) -> AsyncIterator[None]:
        """Wait for a turn, lower ranks first, equal ones as they came; it lasts as long as the context."""
        await self._enter(rank)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, rank: int) -> None:
        if self._room > 0:
            self._room -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._numbers), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._leave()  # the turn came together with the end: hand it on
            raise

    def _leave(self) -> None:
        while self._waiting:
            _, _, next_one = heapq.heappop(self._waiting)
            if not next_one.done():
                next_one.set_result(None)
                return
        self._room += 1
