"""Our counterpart of a published number: the same cells, averaged in the same way, with our interval."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from personas.grid.published_numbers import is_share, names
from personas.stats.intervals import ITEMS, wilson
from personas.stats.pairs import against_baseline, between_conditions, cell_means, since_first
from personas.tables.by_model import by_model
from personas.tables.contrasts import family

BOUNDS = ("low", "high")

Tables = Mapping[str, pd.DataFrame]
"""`values`, and where there are any `counts` and `patterns` (of token patterns) and `lengths` (of dialogues)."""


class Counterpart(NamedTuple):
    """Our number in our unit with its interval, over the units that `interval` names; `n` pairs are behind it,
    `n_missing` lack a value.

    `reason` says why there is none.
    """

    ours: float = np.nan
    low: float = np.nan
    high: float = np.nan
    interval: str | None = None
    n: int = 0
    n_missing: int = 0
    reason: str | None = None


class Counterparts:
    """Finds the counterparts of published numbers (rows of `PUBLISHED_DTYPES`, under our names) in our tables."""

    def __init__(self, tables: Tables, *, checkpoints: Sequence[int], generalise: Collection[str]) -> None:
        self._tables, self._checkpoints, self._generalise = tables, checkpoints, generalise
        self._values = tables["values"]
        self._known = {
            name: set(self._values[name].dropna()) for name in ("measure", "model", "persona", "condition")
        }
        self._of_measure = {str(name): rows for name, rows in self._values.groupby("measure")}
        self._families: dict[tuple[Any, ...], pd.DataFrame] = {}

    def of(self, number: Mapping[str, Any]) -> Counterpart:
        """Return our counterpart of a number."""
        return _FINDERS[number["quantity"]](self, number)

    def value(self, number: Mapping[str, Any]) -> Counterpart:
        """Return the mean over the cells of all named models and personas."""
        if lacking := self._lacking(number):
            return Counterpart(reason=lacking)
        rows = self._cells(number)
        rows = rows[(rows["group"] == number["group"]) & (rows["condition"] == number["condition"])]
        at = rows[rows["position"] == number["position"]]
        n_cells = len(names(number["models"])) * max(1, len(names(number["personas"])))
        there = len(at.drop_duplicates(["model", "persona"]))
        if there < n_cells:
            return Counterpart(reason=f"not in this grid: {n_cells - there} of {n_cells} cells")
        if n_cells == 1:
            return _one_cell(at, is_share(number["unit"]))
        return self._point(number, lambda: _as_differences(cell_means(rows)))

    def contrast(self, number: Mapping[str, Any]) -> Counterpart:
        """Return the mean paired difference over all named models and personas, as `tables/contrasts` has it."""
        if lacking := self._lacking(number):
            return Counterpart(reason=lacking)
        return self._point(number, lambda: self._differences(number))

    def bar(self, number: Mapping[str, Any]) -> Counterpart:
        """Return the bar of one model, as `tables/by-model` has it; the study's own for `study-bar`."""
        if lacking := self._lacking(number):
            return Counterpart(reason=lacking)
        study = number["quantity"] == "study-bar"
        rows = self._cells(number)
        conditions = list(dict.fromkeys(rows["condition"]))
        bars = by_model(
            rows,
            pd.DataFrame(),
            conditions=conditions,
            checkpoints=self._checkpoints,
            generalise=self._generalise,
            study=study,
        )
        of_condition = _same(bars["condition"], number["condition"])
        bars = bars[(bars["contrast"] == number["contrast"]) & of_condition]
        if len(bars) != 1:
            return Counterpart(reason="not in this grid: this bar")
        bar, prefix = bars.iloc[0], "study_" if study else ""
        mean, low, high = (float(bar[f"{prefix}{part}"]) for part in ("mean", "low", "high"))
        reason = "no value" if np.isnan(mean) else None
        counts = {"n": int(bar["n_pairs"]), "n_missing": int(bar["n_missing"])}
        return Counterpart(mean, low, high, "personas" if study else bar["over"] or None, reason=reason, **counts)

    def patterns(self, number: Mapping[str, Any]) -> Counterpart:
        """Return how many patterns of a group were found."""
        rows = self._pattern_rows("counts", number)
        rows = rows[_same(rows["pattern_group"], number["group"]) & (rows["mined_at"] == number["position"])]
        if len(rows) and rows["half"].any():
            return Counterpart(reason="patterns are mined in halves here (`cross_fit: false` mines all)")
        numbers = rows["n_patterns"].unique() if len(rows) else []
        if len(numbers) != 1:
            return Counterpart(reason="not in this grid: no patterns are mined there")
        return Counterpart(float(numbers[0]), n=1)

    def documents(self, number: Mapping[str, Any]) -> Counterpart:
        """Return in how many answers of a speaker a pattern is, given by its tokens."""
        rows = self._pattern_rows("patterns", number)
        rows = rows[rows["checkpoint"] == number["position"]] if len(rows) else rows
        tokens = frozenset(str(number["item"]).split())
        rows = rows[[_tokens(pattern) == tokens for pattern in rows["pattern"]]] if len(rows) else rows
        if len(rows) != 1:
            return Counterpart(reason="not found here: this pattern")
        return Counterpart(float(rows.iloc[0][f"n_{number['group']}"]), n=1)

    def length(self, number: Mapping[str, Any]) -> Counterpart:
        """Return the tokens of a dialogue after a round, in the fixed order of its turns."""
        lengths = self._tables.get("lengths")
        if lengths is None:
            return Counterpart(reason="not in this grid: no table of lengths")
        rows = lengths[lengths["model"].isin(names(number["models"])) & (lengths["group"] == number["group"])]
        rows = rows[_same(rows["persona"], number["personas"]) & (rows["condition"] == number["condition"])]
        rows = rows[(rows["round"] == number["position"]) & (rows["order"] == "fixed")]
        mean = float(rows["tokens"].mean())
        if np.isnan(mean):
            return Counterpart(reason="no tokens are known there")
        return Counterpart(mean, n=int(rows["tokens"].notna().sum()), n_missing=int(rows["tokens"].isna().sum()))

    def _pattern_rows(self, table: str, number: Mapping[str, Any]) -> pd.DataFrame:
        rows = self._tables.get(table, pd.DataFrame(columns=_MINED))
        rows = rows[rows["benchmark"].eq(number["measure"]) & rows["condition"].eq(number["condition"])]
        return rows[rows["model"].isin(names(number["models"])) & _same(rows["persona"], number["personas"])]

    def _lacking(self, number: Mapping[str, Any]) -> str | None:
        """Say what of a number this grid does not have."""
        parts = {
            "measure": [number["measure"]],
            "model": names(number["models"]),
            "persona": names(number["personas"]),
            "condition": [name for name in (number["condition"], number["other"]) if not pd.isna(name)],
        }
        for what, expected in parts.items():
            if missing := [name for name in expected if name not in self._known[what]]:
                return f"not in this grid: {what} {', '.join(missing)}"
        return None

    def _cells(self, number: Mapping[str, Any]) -> pd.DataFrame:
        """Return the values of a number's measure, models and personas; and of the baselines of these."""
        rows = self._of_measure[number["measure"]]
        personas = names(number["personas"])
        theirs = rows["persona"].isin(personas) if personas else rows["group"].eq("baseline")
        return rows[rows["model"].isin(names(number["models"])) & (theirs | rows["persona"].isna())]

    def _differences(self, number: Mapping[str, Any]) -> pd.DataFrame:
        rows = _SUBTRACTED[number["contrast"]](cell_means(self._cells(number)), number)
        if number["contrast"] != "condition":
            rows = rows[rows["condition"] == number["condition"]]
        return rows[_same(rows["group"], number["group"])]

    def _point(self, number: Mapping[str, Any], pairs: Callable[[], pd.DataFrame]) -> Counterpart:
        """Return the point of a number; the points of all positions of its pairs are computed once."""
        key = tuple(str(number[name]) for name in _SERIES)
        if key not in self._families:
            rows = pairs()
            self._families[key] = family(rows, self._generalise) if len(rows) else rows
        points = self._families[key]
        return _only_point(points[points["position"] == number["position"]])


_SERIES = ("quantity", "measure", "models", "personas", "contrast", "group", "condition", "other")
"""What names the numbers that differ in their position only."""

_NAMED = ("measure", "model", "persona", "condition")
_MINED = [
    "model",
    "persona",
    "benchmark",
    "condition",
    "mined_at",
    "checkpoint",
    "pattern_group",
    "n_patterns",
    "half",
]

_SUBTRACTED: Mapping[str, Callable[[pd.DataFrame, Mapping[str, Any]], pd.DataFrame]] = {
    "baseline": lambda cells, number: against_baseline(cells),
    "progression": lambda cells, number: since_first(cells),
    "condition": lambda cells, number: next(between_conditions(cells, (number["condition"], number["other"]))),
}

_FINDERS: Mapping[str, Callable[[Counterparts, Mapping[str, Any]], Counterpart]] = {
    "value": Counterparts.value,
    "contrast": Counterparts.contrast,
    "bar": Counterparts.bar,
    "study-bar": Counterparts.bar,
    "patterns": Counterparts.patterns,
    "pattern-documents": Counterparts.documents,
    "length": Counterparts.length,
    "label": lambda counterparts, number: Counterpart(reason="a label is an input, not a result"),
}


def _same(column: pd.Series, name: str | float | None) -> pd.Series:
    return column.isna() if pd.isna(name) else column == name


def _tokens(pattern: Sequence[Any]) -> frozenset[str]:
    """Return the tokens of a pattern of clauses; a clause of several tokens is none that a paper prints."""
    return frozenset(clause if isinstance(clause, str) else " | ".join(sorted(clause)) for clause in pattern)


def _as_differences(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells as if they were differences, so that their mean gets the intervals of one."""
    alone = {f"{name}_{side}": cells[name] for side in "ab" for name in ("spread", "freedom", "replicates", "cell")}
    return cells.assign(**alone, persona=cells["persona"].fillna(""), contrast="value")


def _only_point(points: pd.DataFrame) -> Counterpart:
    """Return the one point of a family that is asked for."""
    if len(points) != 1:
        return Counterpart(reason="not in this grid: this position")
    point = points.iloc[0]
    n, n_missing = int(point["n_pairs"]), int(point["n_missing"])
    reason = None if n else "no value"
    mean, low, high = (float(point[name]) for name in ("mean", *BOUNDS))
    return Counterpart(mean, low, high, point["over"] or None, n, n_missing, reason)


def _one_cell(rows: pd.DataFrame, of_items: bool) -> Counterpart:
    """Return one cell's value, with Wilson's interval over its items if it is a share of them (`of_items`).

    Repeats of an item (orders, replicates) are not counted again.
    """
    value, n = float(cell_means(rows)["value"].mean()), float(rows["n_scored"].mean())
    if np.isnan(value):
        return Counterpart(reason="no value", n_missing=1)
    if not of_items or not 0 <= value <= 1 or n < 1:
        return Counterpart(value, n=1)
    return Counterpart(value, *wilson(value, n), interval=ITEMS, n=1)
