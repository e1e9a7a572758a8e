"""Garbage collection in processes that import much, make much and drop little."""

import gc

_MADE = 50_000
"""Objects more than were dropped before the collector looks for those that only point at each other (Python: 700)."""


def collect_rarely() -> None:
    """Leave what is here alone for good, and look through the rest rarely.

    The collector goes through all objects again and again: a seventh of a job of a table, a sixth of a plan.
    """
    gc.freeze()
    gc.set_threshold(_MADE)
