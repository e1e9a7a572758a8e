"""Which item each entry of a released file is about: the files hold answers in an order, and no questions."""

from collections.abc import Mapping, Sequence

from personas.benchmarks import BENCHMARKS
from personas.benchmarks.base import Item
from personas.config.personas import BASELINE
from personas.config.release import BaselineOrder, Release
from personas.grid.question_sets import asked_items
from personas.grid.study import Study


def layout(study: Study, benchmark: str, persona: str) -> list[str]:
    """Return the ids of the items of a response file in its order: all of them, whatever the config's limit.

    The baseline's file holds the items of all personas, in the order that the config names, or the study's usual one.
    """
    kind, items = BENCHMARKS[study.config.kind_of(benchmark)], study.items[benchmark]
    if persona != BASELINE:
        return [item.id for item in kind.items_for(items, study.personas[persona].role)]
    if not study.persona_bound(benchmark):
        return [item.id for item in kind.items_for(items, None)]
    return baseline_layout(study, benchmark, baseline_order(study, benchmark))


ORDERS: tuple[BaselineOrder, ...] = ("personas", "items")
_USUAL: Mapping[str, BaselineOrder] = {"general": "items", "role-specific": "personas"}
"""The order of the baseline's answers in the study's release: general questions stand where they first occur in the
file, role-specific ones role after role."""


def baseline_order(study: Study, benchmark: str) -> BaselineOrder:
    """Return the order of the baseline's answers that the config names, or else the study's usual one."""
    release = study.config.release or Release()
    return release.named_order(benchmark) or _USUAL[study.config.kind_of(benchmark)]


def baseline_layout(study: Study, benchmark: str, order: str) -> list[str]:
    """Return the ids of the baseline's items of a persona-bound benchmark in an order.

    `personas`: one persona after the other, in the order of the roles, what several are asked stands where it comes
    first. `items`: as in the item files.
    """
    kind, items = BENCHMARKS[study.config.kind_of(benchmark)], study.items[benchmark]
    if order == "items":
        return [item.id for item in kind.items_for(items, None)]
    per_role = (kind.items_for(items, speaker.role) for speaker in study.personas.values())
    return list(dict.fromkeys(item.id for own in per_role for item in own))


def cell_items(study: Study, benchmark: str, persona: str, as_persona: str | None) -> Sequence[Item]:
    """Return the items of a cell, as they are asked."""
    return dict(asked_items(study, benchmark, persona))[as_persona]


def places(ids: Sequence[str]) -> Mapping[str, int]:
    """Return the place of each id in a file."""
    return {item: place for place, item in enumerate(ids)}
