"""Values of personas in resamples of items, and the rows of a table that they make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from personas.stats.bootstrap import percentiles

STRENGTH_DTYPES = {
    "measure": "str",
    "model": "str",
    "persona": "str",
    "group": "str",
    "condition": "str",
    "checkpoint": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "change": "float64",
    "change_low": "float64",
    "change_high": "float64",
    "chance": "float64",
    "n_cells": "int64",
    "n_items": "int64",
    "n_scored": "int64",
    "n_planned": "int64",
}


@dataclass(frozen=True)
class Point:
    """One value: of a measure, a persona (or of the baseline), in a condition at a checkpoint.

    `draws` are the value of the sample and of each resample of items; if `squared`, their squares, of which the mean
    over personas is taken (and the sign kept, where noise makes a square negative). `chance` is what the value is
    where nothing tells. `n_items` have a value; `n_scored` of `n_planned` answers have one.
    """

    measure: str
    group: str
    persona: str | None
    condition: str
    checkpoint: int
    draws: np.ndarray
    chance: float
    n_items: int
    n_scored: int
    n_planned: int
    squared: bool = False


def rows_of(points: Iterable[Point], model: str) -> pd.DataFrame:
    """Return the rows of one model: each persona by itself, and (`persona` null) the mean of those with a value.

    Intervals are percentiles of the draws; `change` is the value less that at the first checkpoint, in the same
    draws.
    Columns and types: `STRENGTH_DTYPES`; sorted by the first six.
    """
    lines: dict[tuple[str, str, str, str | None], list[Point]] = {}
    for point in points:
        lines.setdefault((point.measure, point.group, point.condition, point.persona), []).append(point)
    own = [row for line in lines.values() for row in _line([[point] for point in line], line[0].persona)]
    together: dict[tuple[str, str, str], dict[int, list[Point]]] = {}
    for (measure, group, condition, persona), line in lines.items():
        for point in line if persona is not None else ():
            together.setdefault((measure, group, condition), {}).setdefault(point.checkpoint, []).append(point)
    means = [row for at in together.values() for row in _line([at[checkpoint] for checkpoint in sorted(at)], None)]
    table = pd.DataFrame([*own, *means], columns=list(STRENGTH_DTYPES)).assign(model=model).astype(STRENGTH_DTYPES)
    return table.sort_values(list(STRENGTH_DTYPES)[:6], ignore_index=True)


def _line(points: list[list[Point]], persona: str | None) -> Iterator[dict[str, Any]]:
    """Yield the row of each checkpoint, the mean over its points; the first checkpoint comes first."""
    first = _mean(points[0])
    for at in points:
        draws = _mean(at)
        level, change = (_interval(each, at[0].squared) for each in (draws, draws - first))
        yield {
            **{name: getattr(at[0], name) for name in ("measure", "group", "condition", "checkpoint", "chance")},
            "persona": persona,
            **dict(zip(("mean", "low", "high"), level, strict=True)),
            **dict(zip(("change", "change_low", "change_high"), change, strict=True)),
            "n_cells": sum(bool(np.isfinite(point.draws[0])) for point in at),
            **{name: sum(getattr(point, name) for point in at) for name in ("n_items", "n_scored", "n_planned")},
        }


def _mean(points: list[Point]) -> np.ndarray:
    draws = np.array([point.draws for point in points])
    present = ~np.isnan(draws)
    n, sums = present.sum(axis=0), np.where(present, draws, 0.0).sum(axis=0)
    means: np.ndarray = np.divide(sums, n, out=np.full(len(n), np.nan), where=n > 0)
    return means


def _interval(draws: np.ndarray, squared: bool) -> np.ndarray:
    """Return value, low and high."""
    bounds = percentiles(draws[1:]) if np.isfinite(draws[0]) else (np.nan, np.nan)
    values = np.array([draws[0], *bounds])
    return np.sign(values) * np.sqrt(np.abs(values)) if squared else values
