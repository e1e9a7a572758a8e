"""Checks of a long table before anything is averaged."""

from collections.abc import Collection, Sequence

import pandas as pd

ANSWER = [
    "model",
    "persona",
    "reference_persona",
    "condition",
    "order",
    "replicate",
    "checkpoint",
    "benchmark",
    "item_id",
]
"""The columns that name one answer to an item."""


def require_columns(table: pd.DataFrame, columns: Collection[str], what: str = "ratings table") -> None:
    """Raise ValueError unless `table` has all `columns`."""
    missing = sorted(set(columns) - set(table.columns))
    if missing:
        raise ValueError(f"the {what} lacks the columns {', '.join(missing)}")


def require_unique(rows: pd.DataFrame, key: Sequence[str], what: str) -> None:
    """Raise ValueError if two rows have the same `key`: one answer must not count double."""
    twice = rows[rows.duplicated(list(key))]
    if len(twice):
        first = ", ".join(f"{name}={twice.iloc[0][name]}" for name in key)
        raise ValueError(f"{what}: {len(twice)} answers are rated twice, the first is {first}")
