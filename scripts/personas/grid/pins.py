"""Pins: what stands for a third-party text in the identity of a cell, the same before and after it was downloaded.

A text of one's own is identified by its content; a third-party text by repository, revision, path, and its place in
the file. A commit names a content for good, so nothing is lost, and a grid can be planned where no file is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from personas.config.conditions import Order

Pin = Mapping[str, str]
"""Host, repository, revision and path of a file."""


class TurnPin(NamedTuple):
    """One user turn of a pinned file: its place, and whether the role's name is filled in."""

    place: str
    names_role: bool


@dataclass(frozen=True)
class ItemPins:
    """The items of a benchmark: the file of each role (None: one for all), and its rows where they are known.

    `bound`: each role has items of its own, also where they stand in one file.
    """

    files: Mapping[str | None, Pin]
    rows: int | None
    bound: bool

    def identity(self, role: str | None, limit: int | None, seed: int, instead: bool) -> dict[str, Any]:
        """Return what identifies the items asked for `role`; `instead`: the baseline is asked them in its place.

        `seed` draws within the limit. It says nothing where all rows are asked: such cells keep the name they had
        when a limit took the first items.
        """
        is_all = limit is None or (self.rows is not None and limit >= self.rows)
        selection = {"first": self.rows} if is_all else {"drawn": limit, "seed": seed}
        of_role = {"role": role, "instead": instead} if self.bound else {}
        return {"external": dict(self.files.get(role) or self.files[None]), **selection, **of_role}

    def scoring(self) -> list[Pin]:
        """Return what identifies all that scoring reads of the items."""
        return list(self.files.values())


@dataclass(frozen=True)
class Pins:
    """The pins of a study; what is not in it is identified by its content. By slug of the benchmark or condition,
    `human` by that of the labels.
    """

    personas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    turns: Mapping[str, Mapping[Order, Sequence[TurnPin]]] = field(default_factory=dict)
    items: Mapping[str, ItemPins] = field(default_factory=dict)
    labels: Mapping[str, Pin] = field(default_factory=dict)
    nltk: Mapping[str, Sequence[Pin]] = field(default_factory=dict)
    human: Mapping[str, Sequence[Pin]] = field(default_factory=dict)
