"""A progression as a drawing: lines over positions, whose points are links. Drawn by the server, read by any browser.

The template writes it as SVG; here is where things lie. Lengths are in units of the drawing, `WIDTH` x `HEIGHT`.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import pandas as pd

from personas.stats.cells import bands
from personas.stats.measures import Measure
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.database import files
from personas.viewer.data.filters import Where
from personas.viewer.data.memory import measurements_query

WIDTH, HEIGHT = 860, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 14, 46
_LINE = ("condition", "group")
_TICKS = 5
_ASIDE = 4.0
"""How far lines are shifted from each other, so that equal values stand side by side."""

_CELLS = f"""
SELECT condition, "group", position, model, persona, avg(value) AS value FROM ({measurements_query("$files")})
WHERE measure = $measure AND {{where}}
GROUP BY condition, "group", position, model, persona ORDER BY ALL
"""
"""A row for each model and persona: orders and replicates are averaged."""


@dataclass(frozen=True)
class Chart:
    """What is drawn: `lines` with their points, what their intervals are over, and the ticks of both axes."""

    lines: Sequence[dict[str, Any]]
    over: str
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def chart_of(corpus: Corpus, measure: Measure, where: Where) -> Chart | None:
    """Return the chart of a measure in the dialogues that meet a condition; None where it has no value there."""
    if not (tables := corpus.values()):
        return None
    parameters = {**where.parameters, "files": files(tables), "measure": measure["measure"]}
    cells = pd.DataFrame(corpus.database.rows(_CELLS.format(where=where.sql), parameters))
    if cells.empty or cells["value"].isna().all():
        return None
    cells["value"] = cells["value"].astype("float64")
    means = bands(
        cells.rename(columns={"persona": "unit"}),
        [*_LINE, "position"],
        generalise=corpus.study.config.statistics.generalise,
    )
    return _draw(means[means["n_cells"] > 0], measure, list(corpus.study.config.conditions))


def _draw(means: pd.DataFrame, measure: Measure, conditions: Sequence[str]) -> Chart:
    positions = sorted(int(position) for position in means["position"].unique())
    low, high = _range(means, measure)
    x = _scale(positions[0], positions[-1], _LEFT + 14, WIDTH - _RIGHT - 14)
    y = _scale(low, high, HEIGHT - _BOTTOM, _TOP + 6)
    groups = list(means.groupby(list(_LINE), sort=True))
    aside = [_ASIDE * (number - (len(groups) - 1) / 2) for number in range(len(groups))]
    lines = [_line(key, rows, conditions, _plus(x, by), y) for (key, rows), by in zip(groups, aside, strict=True)]
    ticks = [low + (high - low) * number / (_TICKS - 1) for number in range(_TICKS)]
    labels = [f"{tick:.0%}" if measure["scale"] == "share" else f"{tick:.3g}" for tick in ticks]
    few = positions[:: max(1, -(-len(positions) // 12))]
    over = "; or ".join(sorted(set(means["over"]) - {""}))
    return Chart(lines, over, [(x(each), str(each)) for each in few], list(zip(map(y, ticks), labels, strict=True)))


def _line(
    key: Sequence[Hashable],
    rows: pd.DataFrame,
    conditions: Sequence[str],
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> dict[str, Any]:
    condition, group = key
    points = [
        {**row, "x": x(row["position"]), "y": y(row["mean"]), "y_low": y(row["low"]), "y_high": y(row["high"])}
        for row in rows.to_dict("records")
    ]
    place = conditions.index(condition) if condition in conditions else len(conditions)
    band = [point for point in points if isfinite(point["low"])]
    return {"condition": condition, "group": group, "colour": place % 6, "points": points, "band": band}


def _range(means: pd.DataFrame, measure: Measure) -> tuple[float, float]:
    """Return the ends of the axis of values: those of the scale, or 0 and the largest value."""
    if measure["scale"] == "rating":
        return 1.0, 5.0
    if measure["scale"] == "share":
        return 0.0, 1.0
    return 0.0, max(means["mean"].max(), means["high"].max()) or 1.0


def _plus(scale: Callable[[float], float], aside: float) -> Callable[[float], float]:
    return lambda value: scale(value) + aside


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Return the function from values to places; a range of one value lies in the middle."""
    if high == low:
        return lambda value: (start + end) / 2
    return lambda value: round(start + (value - low) * (end - start) / (high - low), 1)
