"""Progress of a batch: a line on a terminal, and counts on disk every few seconds for whoever looks."""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from personas.batch.pace import Pace
from personas.config.sampling import Price
from personas.core.files import write_atomically
from personas.engines.limits.budget import cost
from personas.engines.request import Reply, Request
from personas.plan.outcome import Live, Measurement, Outcome, outcome_file
from personas.requests.prefixes import Prefixes

logger = logging.getLogger(__name__)

WRITE_SECONDS = 5.0
"""Seconds between two times that the counts are written."""

LOG_SECONDS = 30.0
"""Seconds between two lines in the log of the batch."""


class Progress:
    """Counts what a batch does. `planned` requests are answered in all, `to_send` of them by the engine, by the plan.

    `in_a_row` returns how many of those that are left wait for each other, `least_seconds` how long so many of them
    with so many tokens take at least, `waiting` what the batch waits for and for how many seconds (0: unknown).
    """

    def __init__(
        self,
        name: str,
        planned: int,
        to_send: int | None = None,
        pace: Pace | None = None,
        in_a_row: Callable[[], int] = lambda: 0,
        least_seconds: Callable[[int, float], float] = lambda requests, tokens: 0.0,
    ) -> None:
        self.name = name
        self.planned = planned
        self.pace = pace or Pace(1)
        self.sent = 0
        self.from_journal = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cached_tokens = 0
        self.least_tokens = 0.0
        self.engine_started: float | None = None
        self.engine_ready: float | None = None
        self.devices: str | None = None
        self.measured: dict[tuple[str, int, int, str], Measurement] = {}
        self.prices: dict[str | None, Price] = {}
        self.spent = 0.0
        self.waiting: Callable[[], tuple[str, float]] = lambda: ("", 0.0)
        self._to_send = planned if to_send is None else to_send
        self._in_a_row = in_a_row
        self._least_seconds = least_seconds
        self._prefixes = Prefixes()
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            console=Console(file=sys.stderr),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        self._task = self._bar.add_task(name, total=planned, rate="")

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def engine_starts(self) -> None:
        """Note that the engine is starting."""
        self.engine_started = self.pace.now()

    def engine_answers(self, devices: str | None = None) -> None:
        """Note that the engine is ready, and the GPUs that it got."""
        self.devices = devices
        self.engine_ready = self.pace.now()
        self.pace.begin()

    def count_reused(self) -> None:
        """Count a request answered without the engine."""
        self.from_journal += 1
        self._bar.advance(self._task)

    def remaining(self) -> int:
        """Return the requests still to come, at most."""
        return max(0, self.planned - self.sent - self.from_journal)

    def left_to_send(self) -> int:
        """Return the requests still to be sent, as far as is known: of those left the journal answers some."""
        return min(self.remaining(), max(0, self._to_send - self.sent))

    def count_answer(self, request: Request, reply: Reply, seconds: float) -> None:
        """Count a request answered by the engine, and what it took; `seconds` it had one of the places."""
        self.sent += 1
        if price := self.prices.get(request.by):
            self.spent += cost(price, reply.prompt_tokens or 0, reply.completion_tokens or 0)
        self.pace.count_answer(reply.completion_tokens or 0, seconds)
        self.prompt_tokens += reply.prompt_tokens or 0
        self.completion_tokens += reply.completion_tokens or 0
        self.cached_tokens += reply.cached_tokens or 0
        self.least_tokens += (reply.prompt_tokens or 0) * self._prefixes.share_new(request)
        if reply.prompt_tokens is not None and reply.completion_tokens is not None:
            self._measure(request, reply)
        self._bar.advance(self._task)

    def _measure(self, request: Request, reply: Reply) -> None:
        what, by = (request.what, request.before, request.max_tokens), request.by or ""
        measured = self.measured.setdefault((*what, by), Measurement(*what, by=by))
        measured.requests += 1
        measured.messages += len(request.messages)
        measured.characters += sum([len(message["content"]) for message in request.messages])
        measured.prompt_tokens += reply.prompt_tokens or 0
        measured.cached_tokens += reply.cached_tokens or 0
        measured.completion_tokens += reply.completion_tokens or 0
        measured.seconds = round(measured.seconds + (reply.seconds or 0.0), 4)

    def live(self) -> Live:
        """Return what the batch is doing now."""
        requests, tokens = self.pace.per_second()
        waits_for, wait = self.waiting()
        now = time.time()
        return Live(
            at=round(now, 2),
            left=self.left_to_send(),
            requests_per_second=round(requests, 3),
            tokens_per_second=round(tokens, 1),
            seconds_left=self._seconds_left(),
            waits_for=waits_for,
            waits_until=round(now + wait, 1) if wait else 0.0,
        )

    def _seconds_left(self) -> float | None:
        left = self.left_to_send()
        seconds = self.pace.seconds_left(left, self._in_a_row())
        if seconds is None:
            return None
        tokens = (self.prompt_tokens + self.completion_tokens) / max(self.sent, 1)
        return round(max(seconds, self._least_seconds(left, left * tokens)), 1)

    @asynccontextmanager
    async def kept_on_disk(self, outcome: Outcome, folder: Path) -> AsyncIterator[None]:
        """Renew the outcome of the batch every few seconds, for as long as the context lasts."""
        over = asyncio.Event()
        outcome.planned, spent = self.planned, outcome.money

        def record() -> None:
            self.record(outcome)
            for price in self.prices.values():
                outcome.money, outcome.currency = round(spent + self.spent, 6), price.currency

        async def renew() -> None:
            logged = self.pace.now()
            while not over.is_set():
                outcome.live = self.live()
                self._bar.update(self._task, rate=_rate(outcome.live))
                record()
                # In a thread: on a slow disk, requests would wait for it.
                with contextlib.suppress(OSError):  # a full disk fails at something that matters more
                    await asyncio.to_thread(write_atomically, outcome_file(folder, outcome.batch), outcome.content())
                if self.pace.now() - logged >= LOG_SECONDS:
                    logged = self.pace.now()
                    self.log()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), WRITE_SECONDS)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            over.set()
            await renewing  # not cancelled: what its thread writes must not come after what is written next
            outcome.live = None
            record()

    def log(self) -> None:
        """Write the counts into the log of the batch."""
        logger.info(
            "%s: %d requests sent, %d from the journal, %.0f tokens/s",
            *(self.name, self.sent, self.from_journal, self.tokens_per_second()),
        )

    def record(self, outcome: Outcome) -> None:
        """Write what was counted into the outcome of the batch."""
        outcome.sent, outcome.from_journal = self.sent, self.from_journal
        outcome.prompt_tokens, outcome.cached_tokens = self.prompt_tokens, self.cached_tokens
        outcome.completion_tokens, outcome.least_tokens = self.completion_tokens, round(self.least_tokens)
        outcome.devices = self.devices or outcome.devices
        outcome.engine_seconds = round(self.engine_seconds(), 2)
        if self.engine_started is not None and self.engine_ready is not None:
            outcome.start_seconds = round(self.engine_ready - self.engine_started, 2)
        outcome.measured = list(self.measured.values())

    def engine_seconds(self) -> float:
        """Return the seconds since the engine began to start; 0 if it never did."""
        return 0.0 if self.engine_started is None else self.pace.now() - self.engine_started

    def tokens_per_second(self) -> float:
        """Return completion tokens per second of engine time."""
        return self.completion_tokens / max(self.engine_seconds(), 1e-9)


def _rate(live: Live) -> str:
    if not live.requests_per_second:
        return f"waits for {live.waits_for}" if live.waits_for else ""
    left = "" if live.seconds_left is None else f", {timedelta(seconds=round(live.seconds_left))} left"
    return f"{live.tokens_per_second:.0f} tok/s{left}"
