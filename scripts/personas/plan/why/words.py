"""One changed value of a cell's spec, in words."""

from typing import Any

from personas.grid.cells import Cell

Change = tuple[str, Any, Any]
"""A place in a spec, joined with dots, its old value, its new value."""

_PLACES = {
    "persona.description": "persona {persona}: description changed",
    "persona.first_message": "persona {persona}: first message changed",
    "persona.example_dialogues": "persona {persona}: example dialogues changed",
    "persona": "persona {persona}: {place} {old} -> {new}",
    "user_turns.count": "condition {condition}: {old} -> {new} user turns",
    "user_turns": "condition {condition}: user turns changed",
    "items": "benchmark {benchmark}: items changed",
    "scoring": "benchmark {benchmark}: references changed",
    "model.weights": "model {model}: weights changed",
    "model": "model {model}: {place} {old} -> {new}",
    "files": "released files changed",
    "import": "import v{old} -> v{new}",
    "recipe": "prompt recipe v{old} -> v{new}",
    "intervention": "intervention {intervention}: {place} {old} -> {new}",
    "checkpoints": "checkpoints {old} -> {new}",
    "seed": "seed {old} -> {new}",
    "max_tokens": "benchmark {benchmark}: max_tokens {old} -> {new}",
    "texts.rubric": 'judge {judge}: rubric "{kind}" changed',
    "texts": "judge {judge}: template changed",
    "judge.weights": "judge {judge}: weights changed",
    "judge": "judge {judge}: {place} {old} -> {new}",
    "judge_recipe": "judge recipe v{old} -> v{new}",
    "form": "judge {judge}: form {old} -> {new}",
    "json": "judge {judge}: layout of its JSON {old} -> {new}",
    "pairs": "judge {judge}: order of two answers changed",
    "pair_seed": "judge {judge}: order of two answers changed",
    "judged": "what it judges changed",
}
"""By place in the spec; the longest place that a change lies at or below decides."""


def describe_change(cell: Cell, change: Change) -> str:
    """Return a change of a cell as a person would tell it."""
    place, old, new = change
    if place == "persona" and cell.judge:
        return f"judge {cell.judge}: described {str(new is None).lower()} -> {str(new is not None).lower()}"
    place_prefix = next((prefix for prefix in _prefixes(place) if prefix in _PLACES), "")
    template = _PLACES.get(place_prefix, "{place} {old} -> {new}")
    return template.format(
        persona=cell.as_persona or cell.track.persona,
        condition=cell.track.condition,
        benchmark=cell.benchmark,
        intervention=cell.track.intervention,
        kind=cell.kind,
        model=cell.track.model,
        judge=cell.judge,
        place=place.removeprefix(f"{place_prefix}."),
        old="unset" if old is None else old,
        new="unset" if new is None else new,
    )


def _prefixes(place: str) -> list[str]:
    parts = place.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
