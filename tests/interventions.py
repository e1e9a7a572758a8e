"""Interventions of every kind, for the tiny study."""

from typing import Any

from tests.helpers import Project

KINDS: dict[str, dict[str, Any]] = {
    "reminded": {"kind": "remind", "every": 2},
    "marked": {"kind": "remind", "every": 1, "place": "turn", "form": "short"},
    "moved": {"kind": "remind", "every": 2, "place": "opening"},
    "before-items": {"kind": "remind", "before_items": True},
    "narrow": {"kind": "window", "rounds": 1},
    "wide": {"kind": "window", "rounds": 9},
    "shown": {"kind": "examples", "count": 1},
    "restated": {"kind": "restate", "every": 2},
    "restated-last": {"kind": "restate", "every": 3},
    "summed-up": {"kind": "summarise", "every": 2},
}
ASIDES = ("restated", "restated-last", "summed-up")


def with_interventions(project: Project, *slugs: str) -> Project:
    """Give a project some of them (all by default), and its personas what they read."""
    for slug, word in (("keeper", "Ahoy."), ("baker", "Butter first.")):
        examples = [{"user": "Who are you?", "answer": word}, {"user": "And now?", "answer": "Not this one."}]
        project.edit_persona(slug, short=f"You say {word}", examples=examples)
    return project.set({"interventions": {slug: KINDS[slug] for slug in slugs or KINDS}})
