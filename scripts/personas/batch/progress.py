"""Progress of a batch: a line on a terminal, nothing elsewhere, and counts for the summary either way."""

import logging
import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from personas.engines.request import Reply, Request
from personas.plan.outcome import Measured, Outcome
from personas.requests.prefixes import Prefixes

logger = logging.getLogger(__name__)


class Progress:
    """Counts what a batch does. Token rates are completion tokens over the time since the engine was ready."""

    def __init__(self, name: str, planned: int) -> None:
        self.name = name
        self.planned = planned
        self.sent = 0
        self.from_journal = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cached_tokens = 0
        self.least_tokens = 0.0
        self.engine_started: float | None = None
        self.engine_ready: float | None = None
        self.devices: str | None = None
        self.measured: dict[tuple[str, int, int], Measured] = {}
        self._prefixes = Prefixes()
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:>9}"),
            TimeRemainingColumn(),
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
        self.engine_started = time.monotonic()

    def engine_answers(self, devices: str | None = None) -> None:
        """Note that the engine is ready, and the GPUs that it got."""
        self.devices = devices
        self.engine_ready = time.monotonic()

    def reused(self) -> None:
        """Count a request answered without the engine."""
        self.from_journal += 1
        self._bar.advance(self._task)

    def left(self) -> int:
        """Return the requests still to come, at most."""
        return max(0, self.planned - self.sent - self.from_journal)

    def answered(self, request: Request, reply: Reply) -> None:
        """Count a request answered by the engine, and what it took."""
        self.sent += 1
        self.prompt_tokens += reply.prompt_tokens or 0
        self.completion_tokens += reply.completion_tokens or 0
        self.cached_tokens += reply.cached_tokens or 0
        self.least_tokens += (reply.prompt_tokens or 0) * self._prefixes.share_new(request)
        if reply.prompt_tokens is not None and reply.completion_tokens is not None:
            self._measure(request, reply)
        self._bar.update(self._task, advance=1, rate=f"{self.tokens_per_second():.0f} tok/s")

    def _measure(self, request: Request, reply: Reply) -> None:
        kind = (request.what, request.before, request.max_tokens)
        measured = self.measured.setdefault(kind, Measured(*kind))
        measured.requests += 1
        measured.messages += len(request.messages)
        measured.characters += sum(len(message["content"]) for message in request.messages)
        measured.prompt_tokens += reply.prompt_tokens or 0
        measured.cached_tokens += reply.cached_tokens or 0
        measured.completion_tokens += reply.completion_tokens or 0
        measured.seconds = round(measured.seconds + (reply.seconds or 0.0), 4)

    def record(self, outcome: Outcome) -> None:
        """Write what was counted into the outcome of the batch."""
        outcome.sent, outcome.from_journal = self.sent, self.from_journal
        outcome.prompt_tokens, outcome.cached_tokens = self.prompt_tokens, self.cached_tokens
        outcome.completion_tokens, outcome.least_tokens = self.completion_tokens, round(self.least_tokens)
        outcome.devices = self.devices or outcome.devices
        outcome.engine_seconds = round(self.engine_seconds(), 2)
        if self.engine_started and self.engine_ready:
            outcome.start_seconds = round(self.engine_ready - self.engine_started, 2)
        outcome.measured = list(self.measured.values())
        logger.info(
            "%s: %d requests sent, %d from the journal, %.0f tokens/s",
            *(self.name, self.sent, self.from_journal, self.tokens_per_second()),
        )

    def engine_seconds(self) -> float:
        """Return the seconds since the engine began to start; 0 if it never did."""
        return time.monotonic() - self.engine_started if self.engine_started else 0.0

    def tokens_per_second(self) -> float:
        """Return completion tokens per second of engine time."""
        return self.completion_tokens / max(self.engine_seconds(), 1e-9)
