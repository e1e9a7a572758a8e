"""Cells: points of the grid, each with a spec (what shapes it), a digest of the spec, and a path."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from scripts.config.conditions import Order
from scripts.grid.canonical import digest

Stage = Literal["dialogues", "responses"]


@dataclass(frozen=True)
class Track:
    """One dialogue: who talks with whom about what. Its cells are one dialogue and the responses behind it."""

    model: str
    persona: str
    condition: str
    order: Order
    replicate: int

    @property
    def stem(self) -> str:
        """The part of a file name that condition, order and replicate give."""
        suffix = f"-r{self.replicate}" if self.replicate > 1 else ""
        return f"{self.condition}-{self.order}{suffix}"


@dataclass(frozen=True)
class Cell:
    """One point of the grid with one output file.

    `benchmark` is None for a dialogue. `as_persona`: in a persona-bound benchmark, the persona whose items the
    baseline is asked. `spec` is everything that shapes the result, as plain JSON types.
    """

    track: Track
    spec: Mapping[str, Any]
    benchmark: str | None = None
    as_persona: str | None = None

    @property
    def stage(self) -> Stage:
        """The stage that makes the cell."""
        return "responses" if self.benchmark else "dialogues"

    @cached_property
    def digest(self) -> str:
        """16 hex digits of the SHA-256 over the canonical spec."""
        return digest(self.spec)

    @cached_property
    def plain_path(self) -> str:
        """Path below the results folder without the digest: what people open in `current/`."""
        track = self.track
        folder = [self.stage, track.model, track.persona, *([self.benchmark] if self.benchmark else [])]
        suffix = f"--as-{self.as_persona}" if self.as_persona else ""
        return "/".join([*folder, f"{track.stem}{suffix}.parquet"])

    @cached_property
    def path(self) -> str:
        """Path below the results folder."""
        return f"{self.plain_path.removesuffix('.parquet')}.{self.digest}.parquet"
