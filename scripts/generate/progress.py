"""Progress of a batch: a line on a terminal, nothing elsewhere, and counts for the summary either way."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from scripts.engines.request import Reply


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
        self.engine_started: float | None = None
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

    def reused(self) -> None:
        """Count a request answered without the engine."""
        self.from_journal += 1
        self._bar.advance(self._task)

    def answered(self, reply: Reply) -> None:
        """Count a request answered by the engine."""
        self.sent += 1
        self.prompt_tokens += reply.prompt_tokens or 0
        self.completion_tokens += reply.completion_tokens or 0
        self.cached_tokens += reply.cached_tokens or 0
        self._bar.update(self._task, advance=1, rate=f"{self.tokens_per_second():.0f} tok/s")

    def engine_seconds(self) -> float:
        """Return the seconds since the engine began to start; 0 if it never did."""
        return time.monotonic() - self.engine_started if self.engine_started else 0.0

    def tokens_per_second(self) -> float:
        """Return completion tokens per second of engine time."""
        return self.completion_tokens / max(self.engine_seconds(), 1e-9)
