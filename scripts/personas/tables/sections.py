"""What stands on a model's card: sections of measures, and which of them are drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

from personas.config.root import Config

FIDELITY, CONVERGENCE, INSTRUCTIONS, SAFETY, PATTERNS = SECTIONS = (
    "Fidelity to the persona",
    "Distance from the baseline",
    "Instruction following",
    "Safety",
    "Patterns of the persona",
)
"""In the order in which they are printed."""

_WON = {"reference": "dataset", "metric": "win"}


def sections(config: Config, measures: Sequence[Mapping[str, Any]], mined: bool) -> list[dict[str, Any]]:
    """Return the sections of every card, each with its `measures`; one that the grid does not measure has none.

    Titles begin with the benchmark. A measure that is drawn has `headline` true: of a judge's ratings of utterances
    their mean, and else all.
    """
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in SECTIONS}
    for measure in [*measures, *([patterns_measure()] if mined else [])]:
        section = _section(config, measure)
        if section:
            found[section].append(measure)
    return [{"section": name, "measures": [_marked(m) for m in chosen]} for name, chosen in found.items()]


def _section(config: Config, measure: Mapping[str, Any]) -> str | None:
    """Return the section of a measure; None where it stands on no card."""
    metric = measure["metric"]
    if metric == "patterns":
        return PATTERNS
    if measure["benchmark"] is None:
        return FIDELITY if measure["axis"] == "round" else None
    kind = config.kind_of(measure["benchmark"])
    if kind == "bfi":
        return CONVERGENCE if metric == "distance-from-baseline" else None
    if kind == "xstest":
        return SAFETY if metric == "refusal" else None
    won = all(measure[key] == value for key, value in _WON.items())
    return INSTRUCTIONS if metric == "loose" or won else None


def _marked(measure: Mapping[str, Any]) -> dict[str, Any]:
    named = f"{measure['benchmark']}: {measure['title']}" if measure["benchmark"] else measure["title"]
    return {**measure, "title": named, "headline": measure["axis"] != "round" or measure["of"] is not None}


def patterns_measure() -> dict[str, Any]:
    """Return how often the persona's token patterns occur, as a measure: it is in no table of values."""
    return {
        "measure": "persona-patterns",
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
    }
