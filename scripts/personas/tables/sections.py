"""What stands on a model's card: sections of measures, and which of them are drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

from personas.benchmarks.panel import PATTERNS, SECTIONS
from personas.tables.measures import PATTERNS as PATTERNS_MEASURE


def sections(measures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the sections of every card, each with its `measures`; one that the grid does not measure has none.

    Titles begin with the benchmark. A measure that is drawn has `headline` true: of a judge's ratings of utterances
    their mean, and else all.
    """
    by_section: dict[str, list[Mapping[str, Any]]] = {name: [] for name in SECTIONS}
    for measure in measures:
        if measure["section"]:
            by_section.setdefault(measure["section"], []).append(measure)
    return [{"section": name, "measures": [_entry(m) for m in of_section]} for name, of_section in by_section.items()]


def _entry(measure: Mapping[str, Any]) -> dict[str, Any]:
    title = f"{measure['benchmark']}: {measure['title']}" if measure["benchmark"] else measure["title"]
    return {**measure, "title": title, "headline": measure["axis"] != "round" or measure["of"] is not None}


def patterns_measure() -> dict[str, Any]:
    """Return how often the persona's token patterns occur, as a measure: it is in no table of values."""
    return {
        "measure": PATTERNS_MEASURE,
        "title": "Persona patterns in answers",
        "unit": "patterns in answers (%)",
        "scale": "share",
        "better": "neutral",
        "benchmark": None,
        "judge": None,
        "axis": "checkpoint",
        "metric": "patterns",
        "label": None,
        "reference": None,
        "of": None,
        "section": PATTERNS,
    }
