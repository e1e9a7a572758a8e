"""Labels of characters: how much of each trait they have, in the form of InCharacter's `characters_labels.json`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from personas.benchmarks.bfi import TRAITS
from personas.benchmarks.reading import Row, read_json
from personas.core.errors import UserError

Labels = Mapping[str, Mapping[str, float]]
"""Role -> trait -> score, 1 (little of it) to 5 (much)."""

_QUESTIONNAIRE = "BFI"
_LANGUAGE = "-en"
"""InCharacter ends the names of its characters with their language."""


def read_labels(path: Path, label_set: str, roles: Iterable[str]) -> dict[str, dict[str, float]]:
    """Return the BFI scores of those `roles` that the file has labels for; others are left out.

    UserError names what is missing or no number from 1 to 5.
    """
    characters = read_json(path).data.get(label_set)
    if not isinstance(characters, dict):
        raise UserError(f"{path}: field '{label_set}' is no object, expected labels by character.")
    labels = {}
    for role in roles:
        name = next((name for name in (role, f"{role}{_LANGUAGE}") if name in characters), None)
        if name is not None:
            labels[role] = _scores(Row(f"{path}, {label_set}, {name}", characters[name]))
    return labels


def _scores(character: Row) -> dict[str, float]:
    traits = character.data.get(_QUESTIONNAIRE)
    if not isinstance(traits, dict):
        raise character.fault(_QUESTIONNAIRE, "an object with a score for each trait")
    return {trait: _score(Row(f"{character.where}, {trait}", traits.get(trait) or {})) for trait in TRAITS}


def _score(label: Row) -> float:
    score = label.data.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not 1 <= score <= 5:
        raise label.fault("score", "a number from 1 to 5")
    return float(score)
