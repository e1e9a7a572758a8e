"""BFI: questions about one's personality, in the schema of InCharacter's `BFI.json`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from personas.benchmarks.base import Benchmark, Item
from personas.benchmarks.panel import CONVERGENCE, JUDGE, Panel
from personas.benchmarks.reading import Row, quote, read_json
from personas.core.errors import UserError

TRAITS = ("Extraversion", "Agreeableness", "Conscientiousness", "Neuroticism", "Openness")
DISTANCE, FROM_LABELS, FROM_BASELINE = (
    "mean absolute difference / 4",
    "distance-from-labels",
    "distance-from-baseline",
)
KEYED = ("positive", "negative")


class Bfi(Benchmark):
    """Personality items asked as open questions; a judge rates the trait, so there are no metrics here.

    `scoring`: `trait`, and `keyed`: for a negative item, agreeing means less of the trait.
    """

    kind = "bfi"
    judged = "trait"
    panels = (
        *(
            Panel(name.lower(), name, "trait level (1 to 5)", "trait", label=name, judge=JUDGE, scale="rating")
            for name in TRAITS
        ),
        Panel(
            "distance-from-labels",
            "Distance from the labels ({labels})",
            DISTANCE,
            FROM_LABELS,
            judge=JUDGE,
            better="lower",
            scale="amount",
            main="distance",
            figure="distance",
            labelled=True,
        ),
        Panel(
            "distance-from-baseline",
            "Distance from the baseline",
            DISTANCE,
            FROM_BASELINE,
            judge=JUDGE,
            scale="amount",
            section=CONVERGENCE,
            main="distance",
            figure="distance",
        ),
    )
    groups = ("trait",)

    def load(self, path: Path) -> list[Item]:
        """Read `questions`: an object from id to question."""
        document = read_json(path)
        questions = document.data.get("questions")
        if not isinstance(questions, dict) or not questions:
            raise document.fault("questions", "an object from id to question, with at least one")
        return [_item(path, key, question) for key, question in questions.items()]

    def placeholder(self, number: int, role: str | None, text: Callable[[str], str]) -> Item:
        """Return an item of the first trait."""
        return Item(str(number), text(str(number)), {"trait": TRAITS[0], "keyed": KEYED[0]})


def _item(path: Path, key: str, question: Any) -> Item:
    where = f"{path}, question '{key}'"
    if not isinstance(question, dict):
        raise UserError(f"{where}: found {quote(question)}, expected an object")
    row = Row(where, question)
    row.text("origin_en")  # the judge needs it later; better to fail here than after the dialogues
    scoring = {"trait": row.choice("dimension", TRAITS), "keyed": row.choice("category", KEYED)}
    return Item(id=key, prompt=row.text("rewritten_en"), scoring=scoring)
