"""Which cases of a test run every time, and which only with `python -m tests thorough`."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def mostly_thorough(names: Iterable[str], often: Collection[str]) -> list[Any]:
    """Return the names as cases, all but a few marked `thorough`; ValueError where one of those few is no name."""
    names = list(names)
    if unknown := set(often) - set(names):
        raise ValueError(f"found {sorted(unknown)}, expected some of {names}")
    return [name if name in often else pytest.param(name, marks=pytest.mark.thorough) for name in names]
