"""Small tables of values for tests of what is computed from them."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pandas as pd

from personas.grid.value_columns import VALUE_DTYPES

CONDITIONS = ("persona-directed", "goal-oriented")


def value(number: float | None, **changes: Any) -> dict[str, Any]:
    row = {
        "measure": "m",
        "benchmark": "ifbench",
        "judge": "rules",
        "model": "one",
        "group": "persona",
        "persona": "gaston",
        "condition": CONDITIONS[0],
        "order": "fixed",
        "replicate": 1,
        "axis": "checkpoint",
        "position": 0,
        "value": number,
        "n_scored": 1 if number is not None else 0,
        "n_planned": 1,
    }
    return row | changes


def table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(VALUE_DTYPES)).astype(VALUE_DTYPES)


def grid(of: Callable[..., float | None], **axes: Sequence[Any]) -> list[dict[str, Any]]:
    """Return a row for every combination of `axes`, with the value that `of` gives it."""
    points = [dict(zip(axes, point, strict=True)) for point in product(*axes.values())]
    return [value(of(**point), **point) for point in points]
