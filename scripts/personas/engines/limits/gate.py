"""What an endpoint may be asked: requests and tokens a minute, and money. Held before each try, settled after it.

A library such as aiolimiter lets a full bucket go out at once while it fills again, up to twice the limit within a
minute; and it cannot give back what was reserved for a long answer that came short. So this is a sliding window.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from personas.config.sampling import Limits
from personas.engines.http.trouble import Failing, Overloaded, Refusing, Trouble
from personas.engines.limits.budget import Budget
from personas.engines.request import CHARACTERS_PER_MESSAGE, TOKENS_PER_CHARACTER, Reply, Request

MINUTE = 60.0

Usage = Sequence[tuple[float, float]]
"""What requests took, as (seconds ago, amount), the first of them first."""


@dataclass
class _Entry:
    time: float
    amount: float


class Window:
    """At most `limit` in any `seconds`. Times are monotonic: a set clock changes nothing.

    Whoever comes first goes first. What alone exceeds the limit goes when the window is empty.
    """

    def __init__(self, limit: float, seconds: float = MINUTE) -> None:
        self._limit = limit
        self._seconds = seconds
        self._entries: deque[_Entry] = deque()
        self._sum = 0.0
        self._queue = asyncio.Lock()
        self._given_back = asyncio.Event()
        self._until = 0.0

    def wait_left(self) -> float:
        """Return the seconds after which whoever is first may go, at the latest; 0 if nobody waits."""
        return max(0.0, self._until - time.monotonic())

    def count_others(self, usage: Usage | None, ago: float) -> None:
        """Count what somebody else took (see `usage`) `ago` seconds ago; None: as much as there was room for."""
        for age, amount in [(0.0, self._limit)] if usage is None else usage:
            self._add(amount, age + ago)

    def usage(self) -> Usage:
        """Return what stands in the window: how many seconds ago, and how much."""
        now = time.monotonic()
        ages = ((now - entry.time, entry.amount) for entry in self._entries)
        return [(age, amount) for age, amount in ages if age < self._seconds]

    async def take(self, amount: float) -> _Entry:
        """Wait until `amount` fits, and count it; the entry can be settled later."""
        async with self._queue:
            while (wait := self._wait(amount)) > 0:
                self._until = time.monotonic() + wait
                self._given_back.clear()
                try:
                    await asyncio.wait_for(self._given_back.wait(), wait)
                except TimeoutError:
                    continue
            self._until = 0.0
            return self._add(amount)

    def settle(self, entry: _Entry, amount: float) -> None:
        """Replace what was reserved by what it really was."""
        if self._entries and entry.time >= self._entries[0].time:  # else it has left the window
            self._sum += amount - entry.amount
            self._given_back.set()
        entry.amount = amount

    def _add(self, amount: float, ago: float = 0.0) -> _Entry:
        entry = _Entry(time.monotonic() - ago, amount)
        self._entries.append(entry)
        self._sum += amount
        return entry

    def _wait(self, amount: float) -> float:
        """Return the seconds until the window may have room; 0 if it has."""
        oldest_kept = time.monotonic() - self._seconds
        while self._entries and self._entries[0].time <= oldest_kept:
            self._sum -= self._entries.popleft().amount
        if not self._entries:
            self._sum = 0.0
            return 0.0
        # Not 0 only because of rounding: a wait of nothing would spin.
        return 0.0 if self._sum + amount <= self._limit else max(self._entries[0].time - oldest_kept, 0.001)


class Gate:
    """Lets a try pass once there is room for it. Whatever is None is unlimited."""

    def __init__(self, limits: Limits, budget: Budget | None = None) -> None:
        self.requests = Window(limits.requests_per_minute) if limits.requests_per_minute else None
        self.tokens = Window(limits.tokens_per_minute) if limits.tokens_per_minute else None
        self.budget = budget
        self._per_character = TOKENS_PER_CHARACTER

    @property
    def windows(self) -> Mapping[str, Window]:
        """The windows of what is limited, by name."""
        windows = {"requests": self.requests, "tokens": self.tokens}
        return {name: window for name, window in windows.items() if window}

    def wait_left(self) -> float:
        """Return the seconds for which requests are held back; 0 if none is."""
        return max((window.wait_left() for window in self.windows.values()), default=0.0)

    @asynccontextmanager
    async def admit(self, request: Request) -> AsyncIterator["Ticket"]:
        """Wait for room for one try; EngineOverBudget when its price would never fit."""
        characters = sum(len(message["content"]) + CHARACTERS_PER_MESSAGE for message in request.messages)
        ticket = Ticket(self, characters, self._per_character * characters, request.max_tokens)
        if self.budget:
            await self.budget.reserve(ticket.prompt, ticket.completion)
        try:
            if self.tokens:
                ticket.entry = await self.tokens.take(ticket.prompt + ticket.completion)
            if self.requests:
                await self.requests.take(1)
            yield ticket
        finally:
            if self.budget and not ticket.settled:
                self.budget.settle(ticket.prompt, ticket.completion, ticket.prompt, ticket.completion)

    def learn(self, characters: int, tokens: int) -> None:
        """Raise the estimate for later prompts to the most tokens per character seen."""
        self._per_character = max(self._per_character, tokens / characters)


class Ticket:
    """One try that passed: what was reserved for it."""

    def __init__(self, gate: Gate, characters: int, prompt: float, completion: float) -> None:
        self._gate = gate
        self._characters = characters
        self.prompt, self.completion = prompt, completion
        self.entry: _Entry | None = None
        self.settled = False

    def settle(self, result: Reply | Trouble) -> Reply | Trouble:
        """Put what the try took in the place of what was reserved, as far as that is known; return `result`."""
        self._count(*self._used_tokens(result))
        return result

    def give_back(self) -> None:
        """Give back what was reserved: the try was not made."""
        self._count(0.0, 0.0)

    def _count(self, prompt: float, completion: float) -> None:
        if self._gate.tokens and self.entry:
            self._gate.tokens.settle(self.entry, prompt + completion)
        if self._gate.budget:
            self._gate.budget.settle(self.prompt, self.completion, prompt, completion)
        self.settled = True

    def _used_tokens(self, result: Reply | Trouble) -> tuple[float, float]:
        if isinstance(result, Overloaded | Refusing):
            return 0.0, 0.0
        if isinstance(result, Failing):  # the server may have answered and billed what never reached us
            return self.prompt, self.completion
        if result.prompt_tokens is None:
            return (0.0, 0.0) if result.text is None else (self.prompt, self.completion)
        self._gate.learn(self._characters, result.prompt_tokens)
        return result.prompt_tokens, result.completion_tokens or 0
