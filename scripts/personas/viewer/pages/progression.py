"""Progression: a measure over the rounds of dialogues; each point leads to the ratings behind it."""

from typing import Any

from personas.viewer.asked import Asked
from personas.viewer.chart import chart_of
from personas.viewer.corpus import Corpus
from personas.viewer.filters import choices, comparable, where
from personas.viewer.measured import headline, named, present, rated
from personas.viewer.view import View


def progression(corpus: Corpus, asked: Asked) -> View:
    """Return the progression that an address asks for."""
    measures, first = {measure["measure"]: measure for measure in present(corpus)}, headline(corpus)
    chosen = measures.get(asked.choice("measure", measures, first["measure"] if first else None) or "")
    return View(
        "progression",
        "Progression",
        {
            **drawing(corpus, chosen, asked),
            "measures": list(measures.values()),
            "choices": choices(corpus.study),
            "asked": asked,
        },
    )


def drawing(corpus: Corpus, chosen: Any, asked: Asked) -> dict[str, Any]:
    """Return what the drawing of a measure needs, on whatever page; what is asked goes along with its links."""
    asked = comparable(asked, corpus.study)
    has_ratings = chosen is not None and any(measure["measure"] == chosen["measure"] for measure in rated(corpus))
    chart = chart_of(corpus, chosen, where(asked, corpus.study)) if chosen else None
    return {
        "chart": chart,
        "chosen": chosen,
        "has_ratings": has_ratings,
        "filters": asked.without("measure"),
        "named": named,
    }
