"""The ratings that stand together in one panel."""

from collections.abc import Sequence

import pandas as pd

from personas.benchmarks.panel import Panel
from personas.stats import cells, checks

UTTERANCE = ["model", "persona", "reference_persona", "condition", "order", "replicate", "round"]
"""The columns that name one answer of a dialogue."""


def select(ratings: pd.DataFrame, panel: Panel, answer: Sequence[str] = checks.ANSWER) -> pd.DataFrame:
    """Return the ratings of a panel with their `group` and plain floats, sorted by `answer`, which names each once.

    Judge and reference are no part of `answer`: two ratings of one answer must not be averaged as if they were two.

    Raises:
        ValueError: the panel mixes judges, or an answer is rated twice within it.
    """
    keep = ratings["metric"] == panel.metric
    for column in ("benchmark", "label", "judge", "reference"):
        expected = getattr(panel, column)
        if expected is not None:
            keep &= ratings[column] == expected
    rows = ratings[keep.fillna(False).astype(bool)]
    judges = sorted(rows["judge"].dropna().unique())
    if len(judges) > 1:
        raise ValueError(f"panel {panel.slug} mixes the judges {', '.join(judges)}: name one in Panel.judge")
    checks.require_unique(rows, answer, panel.slug)
    # Sorted, so that rounding in the sums does not depend on the order of the rows.
    return cells.with_group(rows.sort_values(list(answer)))
