"""How often token patterns occur, over the length of the dialogue."""

from collections.abc import Collection, Iterator

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats import cells, checks
from personas.stats.intervals import UNITS
from personas.tables.table import generalisation, table

GROUPS = ("persona", "baseline")

PATTERN_DTYPES = {
    "condition": "str",
    "pattern_group": "str",
    "speaker": "str",
    "checkpoint": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "n_cells": "int64",
    "n_cells_without_patterns": "int64",
    "n_cells_without_documents": "int64",
    "n_patterns": "int64",
}
_POINT = ["condition", "pattern_group", "speaker", "checkpoint"]
_CELL = [*_POINT, "model", "persona"]
_KEY = [*_CELL, "benchmark", "half"]
_COUNTS = ["n_patterns", "n_documents", "n_hits"]


def pattern_series(counts: pd.DataFrame, *, generalise: Collection[str] = UNITS) -> pd.DataFrame:
    """Mean hit rate (0..1) and band per condition, pattern group, speaker and checkpoint.

    `counts` has one row per model, persona, benchmark, condition, checkpoint, half of the items that the patterns
    were mined in, pattern_group (whose patterns: "persona" or "baseline") and speaker (in whose answers they are
    counted), with `n_patterns`, `n_documents` (answers) and `n_hits` (pairs of a pattern and an answer that holds
    it). The rate of a (model, persona) cell is hits / (patterns x documents), each summed over its benchmarks first:
    the chance that a pattern is in an answer. mean, low and high run over the cells, each counting the same. The
    study draws summed counts divided by the maximum of a panel instead, which cannot be compared between panels.

    A cell in which no pattern was found, or without documents, has no value: it is counted in
    `n_cells_without_patterns` or `n_cells_without_documents`, not in `n_cells`. `n_patterns` counts patterns of
    the cells with a value. Columns and types: `PATTERN_DTYPES`, sorted by the first four.

    Raises:
        ValueError: a column is missing, a row occurs twice, a group or speaker is neither of the two, or counts
            are missing, negative, or more hits than pairs.
    """
    _check(counts)
    pairs = (counts["n_patterns"] * counts["n_documents"]).astype("float64")
    by_cell = counts.assign(pairs=pairs).groupby(_CELL, sort=True)[[*_COUNTS, "pairs"]].sum().reset_index()
    by_cell["value"] = by_cell["n_hits"].astype("float64") / by_cell["pairs"].where(by_cell["pairs"] > 0)
    points = cells.bands(by_cell.rename(columns={"persona": "unit"}), _POINT, generalise=generalise).merge(
        _counts(by_cell), on=_POINT
    )
    return points[list(PATTERN_DTYPES)].astype(PATTERN_DTYPES)


def _counts(by_cell: pd.DataFrame) -> pd.DataFrame:
    """Count, per point, the cells without value by reason, and the patterns behind the others."""
    without = by_cell["n_patterns"] == 0
    flags = by_cell[_POINT].assign(
        n_cells_without_patterns=without,
        n_cells_without_documents=~without & by_cell["value"].isna(),
        n_patterns=by_cell["n_patterns"].where(by_cell["value"].notna(), 0),
    )
    return flags.groupby(_POINT, sort=True).sum().reset_index()


def _check(counts: pd.DataFrame) -> None:
    checks.require_columns(counts, [*_KEY, *_COUNTS], "table of pattern counts")
    checks.require_unique(counts, _KEY, "pattern counts")
    for column in ("pattern_group", "speaker"):
        strange = sorted(set(counts[column]) - set(GROUPS))
        if strange:
            raise ValueError(f"pattern counts: {column} {', '.join(map(str, strange))}, expected persona or baseline")
    missing, negative = counts[_COUNTS].isna().any(axis=1), (counts[_COUNTS] < 0).any(axis=1)
    too_many = counts["n_hits"] > counts["n_patterns"] * counts["n_documents"]
    bad = counts[missing | negative | too_many]
    if len(bad):
        raise ValueError(f"pattern counts that cannot be, in {len(bad)} rows; the first is {bad.iloc[0].to_dict()}")


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if patterns := context.family("patterns"):
        counts = [artefact.outputs[1] for artefact in patterns]
        yield Instance("patterns-by-checkpoint", {"counts": counts}, generalisation(grid))


SERIES_OF_PATTERNS = table(
    "series_of_patterns", pattern_series, _instances, module=__name__, title="Token patterns by checkpoint"
)
