"""What a rater rates: one text in its place, by a name that two tables share."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

PLACE = (
    "model",
    "persona",
    "reference_persona",
    "condition",
    "order",
    "replicate",
    "checkpoint",
    "round",
    "benchmark",
    "item_id",
    "reference",
)
"""The columns of the ratings table that say which text was rated."""

DIALOGUE = ("model", "persona", "condition", "order", "replicate")
"""Those that say in which dialogue it stands: its texts hang together."""


def unit_of(place: Mapping[str, Any]) -> str:
    """Return the name of a text by its place: 16 hex digits that tell a reader nothing."""
    text = "\x1f".join(_plain(place.get(column)) for column in PLACE)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def units_of(rows: pd.DataFrame) -> list[str]:
    """Return `unit_of` of every row."""
    columns: list[Iterable[str]] = [rows[column].map(_plain) for column in PLACE]
    digests: dict[tuple[str, ...], str] = {}
    keys = list(zip(*columns, strict=True))
    for key in keys:
        if key not in digests:
            digests[key] = hashlib.sha256("\x1f".join(key).encode()).hexdigest()[:16]
    return [digests[key] for key in keys]


def _plain(value: Any) -> str:
    """Write a value the same whether pandas made a float of it or not; nothing for a gap."""
    if value is None or (isinstance(value, float) and value != value) or value is pd.NA:
        return ""
    return str(int(value)) if isinstance(value, float) else str(value)
