"""Where files stand in Snakemake's report: under which heading, by which name, with which caption."""

from pathlib import Path

_CATEGORIES = {
    "Overview": ("overview",),
    "Differences": ("differences", "progression", "over_baseline"),
    "Models and personas": (
        "panels_by_model",
        "panels_by_persona",
        "cost_of_length",
        "cost_of_a_persona",
        "differences_by_model",
    ),
    "Mixed models": ("effect_of_length", "effect_of_a_persona"),
    "Length of the dialogue": ("dialogue_lengths", "ratings_by_length"),
    "Items that changed": ("item_changes",),
    "Token patterns": ("pattern_occurrence", "pattern_heat_map", "pattern_rates", "number_of_patterns"),
    "Dialogues": ("utterances",),
    "Judges": ("judge_agreement",),
    "Comparisons": ("comparison",),
    "Model cards": ("model_card",),
}
"""Heading -> families of figures below it."""


_GRID_PAGES = {
    "grid": "The grid",
    "statuses": "How every planned row ended",
    "provenance": "Where the results come from",
}
"""Pages that describe the grid: name -> title. Each has a caption of its own."""


def figure_category(family: str) -> str:
    """Return the heading of the figures of a family."""
    return next((heading for heading, families in _CATEGORIES.items() if family in families), "Benchmarks")


def plain_name(path: str) -> str:
    """Return the name of a file without folder, digest and suffix."""
    return Path(path).name.rsplit(".", 2)[0]


def page_title(path: str) -> str:
    """Return what a page is called."""
    return _GRID_PAGES.get(plain_name(path), plain_name(path))


def page_caption(path: str) -> str:
    """Return the file, seen from `rules/`, with the caption of a page."""
    name = plain_name(path)
    return f"captions/{name if name in _GRID_PAGES else 'page'}.rst"
