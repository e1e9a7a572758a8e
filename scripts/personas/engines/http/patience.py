"""How long a client puts up with a server: waits, repeats, and when it gives up.

Why not the `openai` client's own repeats, or tenacity: being told to wait must not use up the repeats that are meant
for faults, and one request that is told to wait must hold the others back too. Both need a state that all share.
"""

import asyncio
import email.utils
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from personas.engines.errors import EngineRefuses, EngineUnavailable
from personas.engines.http.trouble import Failing, Overloaded, Refusing, Trouble
from personas.engines.request import Reply


@dataclass(frozen=True)
class Patience:
    """`repeats` after faults of the server, each after a pause that doubles from `first` to `longest` seconds.

    Without one success for `in_vain` seconds a client gives up. A request that was put off for `for_one` seconds is
    given up alone if others succeed. One that timed out counts as `timed_out` repeats: it took ten minutes already.
    """

    repeats: int
    first: float
    longest: float
    in_vain: float
    for_one: float
    timed_out: int = 3


HOSTED = Patience(repeats=6, first=0.5, longest=30.0, in_vain=900.0, for_one=3600.0)
"""For an address that others keep: a burst of faults is waited out for half a minute, a limit for 15 minutes."""

OWN = Patience(repeats=2, first=0.2, longest=1.0, in_vain=30.0, for_one=30.0)
"""For an engine that we started: whether it lives is watched, and a repeat only helps against a passing fault."""

_JITTER = random.SystemRandom()

Try = Callable[[bool], Awaitable[Reply | Trouble | None]]
"""Sends a request once. None: we were told to wait before it was sent, so it was not; a scout (true) is sent then."""


@dataclass
class Persistence:
    """The state that all requests of a client share. Times are monotonic: a set clock changes nothing."""

    patience: Patience
    _failing_since: float | None = None
    _succeeded: float = 0.0
    _resume: float | None = None
    _waits: int = 0
    _scout: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def told_to_wait(self) -> bool:
        """Tell whether only a scout may be sent now."""
        return self._resume is not None

    def wait_left(self) -> float:
        """Return the seconds for which we were told to wait; 0 if we were not."""
        return 0.0 if self._resume is None else max(0.0, self._resume - time.monotonic())

    async def insist(self, attempt: Try, lives: Callable[[], Awaitable[bool]]) -> Reply:
        """Repeat `attempt` until it gives a reply; EngineUnavailable or EngineRefuses when it never will.

        A fault that stays with this request is data: when patience is over but others got their replies meanwhile,
        or the server `lives` otherwise, one last try decides.
        """
        faults, troubled_since, is_last = 0, 0.0, False
        while True:
            began = time.monotonic()
            result = await self._in_turn(attempt)
            if isinstance(result, Reply):
                self._succeeded = max(self._succeeded, began)
                return result
            if isinstance(result, Refusing):
                raise EngineRefuses(f"The server refuses: {result.message}")
            troubled_since = troubled_since or began
            if isinstance(result, Failing) and result.lasts:
                return Reply("api_error", detail=f"The server {result.message}")
            if isinstance(result, Failing):
                faults += self.patience.timed_out if result.timed_out else 1
            try:
                pause = self._pause_after(result, troubled_since, faults)
            except EngineUnavailable as error:
                if is_last:
                    return Reply("api_error", detail=f"{error}; other requests are answered")
                if not await self._others_succeed(result, troubled_since, lives):
                    raise
                is_last, pause = True, 0.0
            await asyncio.sleep(pause)

    async def _others_succeed(self, result: Trouble, since: float, lives: Callable[[], Awaitable[bool]]) -> bool:
        """Tell whether a request begun after `since` got a reply; ask one for that, unless we were told to wait."""
        return self._succeeded > since or (isinstance(result, Failing) and await lives())

    def _pause_after(self, result: Overloaded | Failing, since: float, faults: int) -> float:
        """Return the seconds before the next try; EngineUnavailable when the patience is over."""
        if isinstance(result, Failing):
            return self._after(result, faults)
        self._bear(result, since)
        return 0.0  # whoever has us wait is waited for in turn

    async def _in_turn(self, attempt: Try) -> Reply | Trouble:
        """Send at once; or, while the server has us wait, alone: one request finds out whether the wait is over."""
        while True:
            if self._resume is None:
                result = self._note(await attempt(False))
            else:
                result = await self._as_scout(attempt)
            if result is not None:
                return result

    async def _as_scout(self, attempt: Try) -> Reply | Trouble | None:
        async with self._scout:
            if self._resume is None:
                return None  # the one before found out
            while (wait := self._resume - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            result = self._note(await attempt(True))
            if not isinstance(result, Overloaded):
                self._resume = None
            return result

    def _note(self, result: Reply | Trouble | None) -> Reply | Trouble | None:
        if isinstance(result, Reply):
            self._failing_since, self._waits = None, 0
        elif result is not None and self._failing_since is None:
            self._failing_since = time.monotonic()
        if isinstance(result, Overloaded):
            now = time.monotonic()
            if self._resume is None or now >= self._resume:  # else it was sent before we knew
                self._waits += 1
            wait = self._pause(self._waits) if result.wait is None else max(result.wait, self.patience.first)
            self._resume = max(self._resume or 0.0, now + wait)
        return result

    def _bear(self, result: Overloaded, since: float) -> None:
        """Raise if the wait that is asked for would try the patience too long."""
        until = self._resume or time.monotonic()
        in_vain = until - (self._failing_since or until)
        if in_vain > self.patience.in_vain or until - since > self.patience.for_one:
            wait = f" It asks to wait for {result.wait:.0f} s." if result.wait else ""
            raise EngineUnavailable(f"The server stays overloaded: {result.message}.{wait}")

    def _after(self, result: Failing, faults: int) -> float:
        """Return the pause after a fault; EngineUnavailable when there were too many."""
        wait = max(result.wait or 0.0, self._pause(faults))
        if faults > self.patience.repeats or wait > self.patience.in_vain:
            raise EngineUnavailable(f"The server {result.message}")
        return wait

    def _pause(self, number: int) -> float:
        """Return the pause before repeat `number` (from 1): doubling, with jitter, so that not all come at once."""
        longest = min(self.patience.longest, self.patience.first * 2.0 ** (number - 1))
        return longest * _JITTER.uniform(0.75, 1.25)


def wait_from(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the headers of a response ask to wait; None where they ask for nothing.

    A date in Retry-After is compared with the Date of the same response, so that our clock may be wrong.
    """
    milliseconds, raw = _number(headers.get("retry-after-ms")), headers.get("retry-after")
    if milliseconds is not None and milliseconds > 0:
        return milliseconds / 1000
    seconds = _number(raw)
    if seconds is None and raw is not None:
        then, now = _date(raw), _date(headers.get("date"))
        seconds = then - (now or time.time()) if then else None
    return None if seconds is None or seconds <= 0 else seconds


def _number(raw: str | None) -> float | None:
    try:
        value = float(raw or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _date(raw: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(raw or "").timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):  # it is not made for what is no date at all
        return None
