"""Which items a persona is asked, and the baseline in its place."""

from collections.abc import Sequence
from typing import Any

from personas.benchmarks.base import Item
from personas.config.personas import BASELINE
from personas.core.canonical import sha256
from personas.grid.cells import Cell
from personas.grid.study import Study


def asked_items(study: Study, benchmark: str, persona: str) -> list[tuple[str | None, list[Item]]]:
    """Return the question sets a persona is asked: one, or for the baseline of a persona-bound benchmark one
    per persona. Sets without items are left out: such a cell does not exist.
    """
    if (benchmark, persona) not in study.question_sets:
        sets = _question_sets(study, benchmark, persona)
        study.question_sets[benchmark, persona] = [(as_persona, items) for as_persona, items in sets if items]
    question_sets: list[tuple[str | None, list[Item]]] = study.question_sets[benchmark, persona]
    return question_sets


def items_of(study: Study, cell: Cell) -> list[Item]:
    """Return the items of a response cell."""
    sets = dict(asked_items(study, cell.benchmark or "", cell.track.persona))
    return sets[cell.as_persona] if cell.as_persona in sets else sets[None]


def asked_identity(
    study: Study, benchmark: str, persona: str, as_persona: str | None, items: Sequence[Item]
) -> list[Any] | dict[str, Any]:
    """Return what identifies the items of a question set, as plain JSON: ids and prompts, or pins of the files."""
    pins = study.pins.items.get(benchmark)
    if pins is None:
        return [[item.id, item.prompt] for item in items]
    speaker = study.personas.get(as_persona or persona)
    section, role = study.config.benchmarks[benchmark], speaker.role if speaker else None
    return pins.identity(role, section.limit, section.limit_seed, instead=as_persona is not None)


def _question_sets(study: Study, benchmark: str, persona: str) -> list[tuple[str | None, list[Item]]]:
    if persona != BASELINE:
        return [(None, study.items_for(benchmark, study.personas[persona].role))]
    if not study.persona_bound(benchmark):
        return [(None, study.items_for(benchmark, None))]
    return [(slug, study.items_for(benchmark, None, as_role=role.role)) for slug, role in study.personas.items()]


def traits(study: Study) -> dict[str, str]:
    """Return the traits of the items of BFI, by id; none without that benchmark."""
    slugs = [slug for slug in study.config.benchmarks if study.config.kind_of(slug) == "bfi"]
    return {item.id: item.scoring["trait"] for slug in slugs for item in study.items[slug]}


def scoring_identity(study: Study, benchmark: str, *, prompts: bool = False) -> Any:
    """Return what identifies what scoring reads of the items of a benchmark, or that and their prompts.

    Pins of third-party files, or the hash of one's own texts.
    """
    pins = study.pins.items.get(benchmark)
    if pins is not None:
        return [dict(pin) for pin in pins.scoring()]
    items = study.items[benchmark]
    return sha256([[i.id, i.role, *([i.prompt] if prompts else []), dict(i.scoring)] for i in items])
