"""Progression: a measure over the rounds of dialogues; each point leads to the ratings behind it."""

from typing import Any

from personas.viewer.chart import chart_of
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.filters import choices, comparable, where
from personas.viewer.data.measures import headline, measure_name, present, rated_measures
from personas.viewer.parameters import Parameters
from personas.viewer.view import View


def progression(corpus: Corpus, params: Parameters) -> View:
    """Return the progression that an address asks for."""
    measures, first = {measure["measure"]: measure for measure in present(corpus)}, headline(corpus)
    chosen = measures.get(params.choice("measure", measures, first["measure"] if first else None) or "")
    return View(
        "progression",
        "Progression",
        {
            **drawing(corpus, chosen, params),
            "measures": list(measures.values()),
            "choices": choices(corpus.study),
            "params": params,
        },
    )


def drawing(corpus: Corpus, chosen: Any, params: Parameters) -> dict[str, Any]:
    """Return what the drawing of a measure needs, on whatever page; what is asked goes along with its links."""
    params = comparable(params, corpus.study)
    has_ratings = chosen is not None and any(
        measure["measure"] == chosen["measure"] for measure in rated_measures(corpus)
    )
    chart = chart_of(corpus, chosen, where(params, corpus.study)) if chosen else None
    return {
        "chart": chart,
        "chosen": chosen,
        "has_ratings": has_ratings,
        "filters": params.without("measure"),
        "named": measure_name,
    }
