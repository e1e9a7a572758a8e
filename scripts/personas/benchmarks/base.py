"""The interface of a benchmark: load items, choose those of a persona, score an answer without a judge."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from personas.benchmarks.panel import Panel, share_of_rules
from personas.config.personas import Persona
from personas.core.errors import UserError


class UnscorableItem(Exception):
    """This answer to this item cannot be scored here, for a reason that says nothing about the answer.

    Missing NLTK data and a crashing verifier are such reasons. Callers record the item as unscorable and
    count it apart; they never put 0 in its place.
    """


@dataclass(frozen=True)
class Item:
    """One question of a benchmark.

    `id` is unique within what one persona is asked, and the same for every persona that shares the item.
    `prompt` is the user turn. `scoring` holds whatever scoring needs (a trait, a label, constraints, a
    reference answer) and never reaches the model. `role` names the persona an item is for; None: everyone.
    """

    id: str
    prompt: str
    scoring: Mapping[str, Any] = field(default_factory=dict)
    role: str | None = None


class Benchmark(ABC):
    """One kind of benchmark. Adding one is one subclass in one file."""

    kind: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]] = ()
    """Names of the metrics that `score` returns; empty where only a judge can score."""
    judged: ClassVar[str | None] = None
    """Name of the metric that a judge gives answers, by a rubric called as the kind; None where no judge rates."""
    pairwise: ClassVar[bool] = False
    """Whether the judge compares an answer with a reference."""
    takes_rubric: ClassVar[bool] = False
    """Whether the config may name a rubric by which judges rate the answers."""
    panels: ClassVar[tuple[Panel, ...]] = ()
    """What is measured; where a kind names nothing, each of `metrics` as a share."""
    overview: ClassVar[tuple[Panel, ...]] = ()
    """Panels of the first figure of a study; where a kind names nothing, those of `panels` that its rules decide."""
    groups: ClassVar[tuple[str, ...]] = ()
    """Fields of `scoring` by which a limit draws, so that no group is lost without a word; the widest first."""
    persona_bound: ClassVar[bool] = False
    """Whether each role has items of its own."""

    @classmethod
    def all_panels(cls) -> tuple[Panel, ...]:
        """Return what is measured."""
        return cls.panels or tuple(share_of_rules(metric, cls.kind) for metric in cls.metrics)

    @abstractmethod
    def load(self, path: Path) -> list[Item]:
        """Read and check the file (or folder) at `path`; UserError names the file, the row and the field."""

    def of_personas(self, personas: Iterable[Persona]) -> list[Item]:
        """Return the items that stand in the files of personas; UserError of a kind that has none there."""
        raise UserError(f"benchmarks: found items: personas for kind {self.kind}, expected a file or a folder.")

    def items_for(self, items: Sequence[Item], role: str | None) -> list[Item]:
        """Choose the items asked of the persona playing `role`, or of the baseline (None), in file order."""
        return [item for item in items if item.role in (None, role)]

    def placeholder(self, number: int, role: str | None, text: Callable[[str], str]) -> Item:
        """Return an item to plan with until the third-party file is here: number from 1, no real text.

        `text` makes a text of the right length out of what it stands for. Nothing is ever asked with it.
        """
        return Item(id=str(number), prompt=text(str(number)), role=role)

    def score(self, item: Item, answer: str) -> dict[str, float]:
        """Score a non-empty answer: metric name -> value. Deterministic, offline, no judge.

        Thinking has been taken out of it. Raises `UnscorableItem` where no verdict is possible.
        """
        return {}
