"""Under which heading of Snakemake's report a figure stands, by its name."""

_CATEGORIES = {
    ("by-checkpoint",): "Overview",
    ("difference-", "progression-", "over-baseline-"): "Differences",
    ("models-", "personas-", "cost-of-"): "Models and personas",
    ("effect-of-",): "Mixed models",
    ("tokens-by-", "by-length-"): "Length of the dialogue",
    ("item-changes-",): "Items that changed",
    ("patterns",): "Token patterns",
    ("utterances-",): "Dialogues",
    ("judge-agreement",): "Judges",
    ("card-",): "Model cards",
}
"""Beginnings of names -> heading; the first that fits counts."""


def figure_category(name: str) -> str:
    """Return the heading of the figure of that plain name (without folder, digest and suffix)."""
    found = (heading for beginnings, heading in _CATEGORIES.items() if name.startswith(beginnings))
    return next(found, "Benchmarks")
