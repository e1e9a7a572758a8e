"""How the time of a function grows with the length of what it is given: a ratio, so that no machine is too slow."""

import time
from collections.abc import Callable

SMALL, TIMES = 1_000, 8
LINEAR, QUADRATIC = TIMES, TIMES * TIMES
BOUND = 3 * LINEAR
"""Far from both: a busy machine does not make linear look so, and quadratic never looks better."""


def growth(function: Callable[[str], object], part: str, small: int = SMALL) -> float:
    """Return how many times longer a text of `TIMES` as many parts takes; the best of three, in CPU time."""
    short, long = (_least(function, part * number) for number in (small, TIMES * small))
    return long / max(short, 1e-4)  # below a tenth of a millisecond the clock says nothing


def _least(function: Callable[[str], object], text: str) -> float:
    taken = []
    for _ in range(3):
        started = time.process_time()
        function(text)
        taken.append(time.process_time() - started)
    return min(taken)
