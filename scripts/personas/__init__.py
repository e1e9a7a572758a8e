"""How a persona holds up over a long conversation: the library of the workflow. Each package imports only packages
that stand above it in docs/architecture.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from personas.exports.frames import Results


def load(results: str | Path = "results") -> Results:
    """Return the results in a folder as data frames: `dialogues()`, `responses()`, `ratings()`, `values()`, ..."""
    from personas.exports.frames import Results  # who runs a batch needs no pandas

    return Results(Path(results))
