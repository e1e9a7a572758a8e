"""What is measured without a judge, as measures of model cards, and its values in the form of a table of values."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from personas.benchmarks.panel import Panel
from personas.stats.measures import of_panel
from personas.tables.strength.identification import AUC, RATE
from personas.tables.strength.style import DISTANCE

SECTION = "Strength without a judge"


def strength_measures(personas: int, baseline: bool) -> Iterator[dict[str, Any]]:
    """Yield the measures of a grid with that many personas, and with or without a baseline."""
    if baseline:
        yield _measure(AUC, "Told from the baseline", "AUC", "higher", "amount")
    if personas > 1:
        title = f"Identified among {personas} personas (chance {100 / personas:.3g} %)"
        yield _measure(RATE, title, "named rightly (%)", "higher", "share")
    yield _measure(DISTANCE, "Shift of style", "standard deviations", "lower", "amount")


def _measure(slug: str, title: str, unit: str, better: Any, scale: Any) -> dict[str, Any]:
    return dict(of_panel(Panel(slug, title, unit, slug, better=better, scale=scale, section=SECTION)))


def strength_values(strength: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of personas and of the baseline of `personas.tables.strength.strength` as a table of values.

    Orders and replicates stand together in each.
    """
    one = strength[strength["persona"].notna() | (strength["group"] == "baseline")]
    table = one.rename(columns={"checkpoint": "position", "mean": "value"})
    columns = ["measure", "model", "group", "persona", "condition", "position", "value", "n_scored", "n_planned"]
    return table[columns].assign(axis="checkpoint", order="fixed", replicate=1)
