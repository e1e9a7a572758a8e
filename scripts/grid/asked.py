"""Which items a persona is asked, and the baseline in its place."""

from scripts.benchmarks.base import Item
from scripts.config.personas import BASELINE
from scripts.grid.study import Study


def asked_items(study: Study, benchmark: str, persona: str) -> list[tuple[str | None, list[Item]]]:
    """Return the question sets a persona is asked: one, or for the baseline of a persona-bound benchmark one
    per persona. Sets without items are left out: such a cell does not exist.
    """
    if (benchmark, persona) not in study.asked:
        sets = _question_sets(study, benchmark, persona)
        study.asked[benchmark, persona] = [(as_persona, items) for as_persona, items in sets if items]
    found: list[tuple[str | None, list[Item]]] = study.asked[benchmark, persona]
    return found


def _question_sets(study: Study, benchmark: str, persona: str) -> list[tuple[str | None, list[Item]]]:
    if persona != BASELINE:
        return [(None, study.items_for(benchmark, study.personas[persona].role))]
    if not study.persona_bound(benchmark):
        return [(None, study.items_for(benchmark, None))]
    return [(slug, study.items_for(benchmark, None, as_role=role.role)) for slug, role in study.personas.items()]
