"""Cells: points of the grid, each with a spec (what shapes it), a digest of the spec, and a path."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, get_args

from personas.config.conditions import Order
from personas.config.personas import NONE
from personas.core.canonical import digest

Stage = Literal["dialogues", "responses", "judgements"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Second = Literal["", "again", "described", "undescribed"]


@dataclass(frozen=True)
class Track:
    """One dialogue: who talks with whom about what. Its cells are one dialogue and the responses behind it.

    `replays` is the persona whose user turns the baseline answers, None where it reads its own.
    """

    model: str
    persona: str
    condition: str
    order: Order
    replicate: int
    intervention: str = NONE
    replays: str | None = None

    @property
    def identifiers(self) -> dict[str, Any]:
        """What names it in a file: its fields, without those that it lacks."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def source(self) -> "Track | None":
        """The dialogue whose user turns are answered."""
        return replace(self, persona=self.replays, replays=None) if self.replays else None

    @property
    def stem(self) -> str:
        """The part of a file name that condition, order, replicate and intervention give."""
        suffix = f"-r{self.replicate}" if self.replicate > 1 else ""
        suffix += f"--with-{self.intervention}" if self.intervention != NONE else ""
        suffix += f"--as-{self.replays}" if self.replays else ""
        return f"{self.condition}-{self.order}{suffix}"


@dataclass(frozen=True)
class Cell:
    """One point of the grid with one output file.

    `benchmark` is None for a dialogue and for a judgement of its rounds, which has a `metric`. `as_persona`: the
    persona whose items the baseline is asked (in a persona-bound benchmark), whose user turns it answers, or as which
    it is judged. `behind` is the dialogue of a response, or that whose user turns a dialogue answers. `judge` and
    `judged` (the cell that is rated) are set for judgements, `reference` for pairwise ones. `completions` is the slug
    of the labels where a judge rates published answers: these stand in no dialogue, so nothing is `judged`, and the
    track names the labels in the place of a condition, and no model of the config. `second` tells what is other in a
    judgement that is made a second time: its seed alone (`again`), or whether it reads who the persona is; such a
    judgement is part of no score. `wanted` are the released files of an imported cell (key -> path), `sources` those
    that are there.
    `spec` is everything that shapes the result, as plain JSON types.
    """

    track: Track
    spec: Mapping[str, Any]
    benchmark: str | None = None
    as_persona: str | None = None
    judge: str | None = None
    metric: str | None = None
    reference: str | None = None
    judged: "Cell | None" = None
    behind: "Cell | None" = None
    completions: str | None = None
    second: Second = ""
    wanted: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_imported(self) -> bool:
        """Tell whether the cell is made from released files, without an engine."""
        return "import" in self.spec

    @property
    def has_intervention(self) -> bool:
        """Tell whether it stands in, or rates, a dialogue with an intervention."""
        return self.track.intervention != NONE

    @property
    def stage(self) -> Stage:
        """The stage that makes the cell."""
        if self.judge:
            return "judgements"
        return "responses" if self.benchmark else "dialogues"

    @property
    def kind(self) -> str:
        """The benchmark or metric of the cell, or `dialogues`."""
        return self.metric or self.benchmark or "dialogues"

    @property
    def what(self) -> str:
        """What its requests are measured as: a verdict on an answer to `bfi` says nothing of answers to `bfi`."""
        return f"judged {self.kind}" if self.judge else self.kind

    @property
    def asked_slug(self) -> str:
        """The slug of the model that is asked to make the cell: the judge's for a judgement."""
        return self.judge or self.track.model

    @cached_property
    def digest(self) -> str:
        """16 hex digits of the SHA-256 over the canonical spec."""
        return digest(self.spec)

    @cached_property
    def plain_path(self) -> str:
        """Path below the results folder without the digest: what people open in `current/`."""
        track = self.track
        if self.completions:
            return f"{self.stage}/{self.judge}/{track.model}/{self.completions}.parquet"
        folder = [self.stage, *([self.judge] if self.judge else []), track.model, track.persona]
        folder += [self.kind] if self.benchmark or self.metric else []
        suffix = f"--as-{self.as_persona}" if self.as_persona and not track.replays else ""
        suffix += f"--vs-{self.reference}" if self.reference else ""
        suffix += f"--{self.second}" if self.second else ""
        return "/".join([*folder, f"{track.stem}{suffix}.parquet"])

    @cached_property
    def path(self) -> str:
        """Path below the results folder."""
        return f"{self.plain_path.removesuffix('.parquet')}.{self.digest}.parquet"
