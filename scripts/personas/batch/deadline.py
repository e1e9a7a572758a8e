"""The deadline of a batch: stop before whoever lent us the machine takes it back.

Nothing that cannot finish in time is started: first no new requests, then, once those under way are answered or the
margin begins, the batch stops. What it finished is in its journal, and a retry goes on from there.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from personas.core import slurm
from personas.core.errors import UserError

MARGIN = 20.0
"""Seconds before the end by which a batch must have begun to stop: engine (12 s at most), outcome, two Snakemakes."""

VARIABLE = "PERSONAS_DEADLINE"
"""Environment variable with the end in seconds since 1970, for schedulers that the project knows nothing of."""


def job_end() -> float | None:
    """Return when this job ends, in seconds since 1970; None where nothing ends it. UserError for a bad variable."""
    value = os.environ.get(VARIABLE)
    if not value:
        return slurm.job_end()
    try:
        return float(value)
    except ValueError:
        raise UserError(f"{VARIABLE}: found {value!r}, expected seconds since 1970.") from None


class Deadline:
    """Watches one end (seconds since 1970, or None); every request of the batch passes through `request`."""

    def __init__(self, end: float | None, now: Callable[[], float] = time.time) -> None:
        self.end = end
        self._now = now
        # A walltime of a minute or two would be all margin.
        self._stop_by = None if end is None else end - min(MARGIN, (end - now()) / 4)
        self._under_way = 0
        self._longest = 0.0

    @asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        """Let a request through; one that could not be answered in time waits here until the batch stops."""
        if self._is_closing():
            await asyncio.Event().wait()
        began = self._now()
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._longest = max(self._longest, self._now() - began)

    async def until_due(self) -> None:
        """Return when the batch must stop; never where there is no end."""
        if self._stop_by is None:
            await asyncio.Event().wait()
        while not self._is_due():
            await asyncio.sleep(0.2)

    def _is_closing(self) -> bool:
        """Tell whether a request that takes as long as the longest so far would end too late."""
        return self._stop_by is not None and self._now() + self._longest > self._stop_by

    def _is_due(self) -> bool:
        if self._stop_by is None or self._now() > self._stop_by:
            return self._stop_by is not None
        return self._is_closing() and not self._under_way
