"""How fast requests are answered, and how long those that are left will take."""

import time
from collections import deque
from collections.abc import Callable

MINUTE = 60.0
"""Seconds over which the rates for people are taken."""

RECENT = 64
"""Requests, at least, over which the time of one is taken."""


class Pace:
    """Counts answers of an engine that takes `room` requests at once; `now` is a monotonic clock."""

    def __init__(self, room: int, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._room = room
        self._began: float | None = None
        self._answers: deque[tuple[float, int]] = deque()
        self._recent: deque[float] = deque(maxlen=max(RECENT, 4 * room))

    def begin(self) -> None:
        """Note that the engine is ready."""
        self._began = self.now()

    def count_answer(self, tokens: int, seconds: float) -> None:
        """Count an answer, and the seconds for which its request had one of the places that there are."""
        self._answers.append((self.now(), tokens))
        self._recent.append(seconds)

    def per_second(self) -> tuple[float, float]:
        """Return requests and answer tokens a second of the last minute."""
        now = self.now()
        while self._answers and self._answers[0][0] < now - MINUTE:
            self._answers.popleft()
        took = min(MINUTE, now - (now if self._began is None else self._began))
        if took <= 0:
            return 0.0, 0.0
        return len(self._answers) / took, sum(tokens for _, tokens in self._answers) / took

    def seconds_left(self, left: int, in_a_row: int) -> float | None:
        """Return how long `left` requests take, of which `in_a_row` wait for each other; None before any answer.

        They take as long as all of them on all places, and as those in a row, one after the other; what they really
        take lies between the larger of the two and their sum (Graham's bound for scheduling in lists).
        """
        if not left:
            return 0.0
        if not self._recent:
            return None
        each = sum(self._recent) / len(self._recent)
        return each * max(left / self._room, min(in_a_row, left))
