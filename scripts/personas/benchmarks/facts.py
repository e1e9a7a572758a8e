"""Facts: what a persona knows of itself, asked at every checkpoint. The questions stand in the personas' files."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from personas.benchmarks.base import Benchmark, Item, UnscorableItem
from personas.benchmarks.panel import FIDELITY, JUDGE, RULES, Panel
from personas.config.personas import Persona
from personas.core.canonical import text_hash
from personas.core.errors import UserError
from personas.prompts.thinking import strip_thinking

_WORDS = re.compile(r"\w+")


class Facts(Benchmark):
    """Questions of each persona about itself, with accepted answers; the baseline is asked those of every persona.

    `scoring`: `accepted`, the forms of the answer. An item is called by a hash of its question, so that facts can be
    added and moved. Rules look for an accepted form; a judge may tell whether a later answer is the first one again.
    """

    kind = "facts"
    metrics = ("knows",)
    judged = "same-answer"
    persona_bound = True
    panels = (
        Panel(
            "knows",
            "Facts known of oneself",
            "answers with an accepted form (%)",
            "knows",
            judge=RULES,
            better="higher",
            section=FIDELITY,
            main="knows",
        ),
        Panel(
            "same-answer",
            "Same answer as at first",
            "answers (%)",
            "same-answer",
            judge=JUDGE,
            better="higher",
            section=FIDELITY,
            main="same-answer",
        ),
    )

    def load(self, path: Path) -> list[Item]:
        """Refuse a file: facts belong to personas."""
        raise UserError(
            f"{path}: found a file of facts, expected `items: personas`: each persona's file has its own."
        )

    def of_personas(self, personas: Iterable[Persona]) -> list[Item]:
        """Return the questions of all personas; UserError where none has any."""
        items = [item for persona in personas for item in _items(persona)]
        if not items:
            raise UserError("benchmarks: found no persona with `facts` in its file, expected at least one.")
        return items

    def items_for(self, items: Sequence[Item], role: str | None) -> list[Item]:
        """Choose the items of `role`; the baseline gets those of all roles."""
        return super().items_for(items, role) if role is not None else list(items)

    def score(self, item: Item, answer: str) -> dict[str, float]:
        """Give `knows`: 1.0 if an accepted form is in the answer as whole words, whatever its case and accents."""
        words = _words(strip_thinking(answer)[0])
        if not words:
            raise UnscorableItem(f"item '{item.id}': nothing is left of the answer but thinking")
        text = f" {' '.join(words)} "
        return {"knows": float(any(f" {' '.join(_words(form))} " in text for form in item.scoring["accepted"]))}


def _items(persona: Persona) -> list[Item]:
    accepted = {fact.question: [fact.answer, *fact.accepted] for fact in persona.facts}
    return [
        Item(f"fact-{(text_hash(question) or '')[:8]}", question, {"accepted": forms}, persona.role)
        for question, forms in accepted.items()
    ]


def _words(text: str) -> list[str]:
    """Return the words of a text without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORDS.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))
