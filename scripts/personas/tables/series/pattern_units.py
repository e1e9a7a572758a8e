"""Token patterns over the dialogue by model, by benchmark and by persona, and how many patterns there are."""

from collections.abc import Collection, Iterator

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats import cells
from personas.stats.intervals import UNITS
from personas.tables.series.patterns import PATTERN_DTYPES, pattern_series
from personas.tables.table import generalisation, table

_BY = ("model", "benchmark", "persona")
UNIT_DTYPES = {"by": "str", "unit": "str", **PATTERN_DTYPES, "pooled": "float64", "of_highest": "float64"}
_POINT = ["condition", "pattern_group", "speaker", "checkpoint"]

NUMBER_DTYPES = {
    "model": "str",
    "benchmark": "str",
    "condition": "str",
    "pattern_group": "str",
    "mined_at": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "n_cells": "int64",
    "n_missing": "int64",
}
_NUMBER = ["model", "benchmark", "condition", "pattern_group", "mined_at"]


def pattern_units(counts: pd.DataFrame, *, generalise: Collection[str] = UNITS) -> pd.DataFrame:
    """`personas.tables.series.patterns.pattern_series` of each model, benchmark and persona by itself.

    Besides its columns: `pooled`, all hits / all pairs of a pattern and an answer (0 to 1), and `of_highest`, that
    divided by the highest of the unit's pattern group and speaker, over conditions and checkpoints. Where no answer
    is missing, the latter is the study's "normalised count" of its heat maps (summed hits / the highest sum), since
    the number of pairs then is the same everywhere; where some are, sums would fall with them. NaN where there are no
    pairs, or no hit at all. Columns and types: `UNIT_DTYPES`; sorted by them.
    """
    parts = [
        pattern_series(rows, generalise=generalise)
        .merge(_pool(rows), on=_POINT, validate="one_to_one")
        .assign(by=by, unit=unit)
        for by in _BY
        for unit, rows in counts.groupby(by, sort=True)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(UNIT_DTYPES))
    highest = table.groupby(["by", "unit", "pattern_group", "speaker"])["pooled"].transform("max")
    table["of_highest"] = table["pooled"] / highest.where(highest > 0)
    return table[list(UNIT_DTYPES)].astype(UNIT_DTYPES)


def _pool(counts: pd.DataFrame) -> pd.DataFrame:
    pairs = (counts["n_patterns"] * counts["n_documents"]).astype("float64")
    sums = counts.assign(pairs=pairs).groupby(_POINT, sort=True)[["n_hits", "pairs"]].sum().reset_index()
    return sums.assign(pooled=sums["n_hits"] / sums["pairs"].where(sums["pairs"] > 0))[[*_POINT, "pooled"]]


def pattern_numbers(counts: pd.DataFrame, *, generalise: Collection[str] = UNITS) -> pd.DataFrame:
    """How many patterns were mined in the answers at a checkpoint: mean and band over personas.

    `counts` are those of several minings (`mined_at`). A search that did not end has no number: it is counted in
    `n_missing`, and is not 0. Where patterns are cross-fitted, those of both halves of the items are added. Persona's
    and baseline's patterns stay apart (the study added them). Columns and types:
    `NUMBER_DTYPES`; sorted by the first five.
    """
    once = counts.drop_duplicates([*_NUMBER, "persona", "half"])
    n_patterns = once["n_patterns"].astype("float64").where(once["mining"] == "ok")
    by_persona = once.assign(value=n_patterns).groupby([*_NUMBER, "persona"], sort=True)["value"]
    rows = by_persona.agg(lambda halves: halves.sum(skipna=False)).reset_index()
    totals = cells.counts(rows, _NUMBER)
    missing = totals.assign(n_missing=totals["n_planned"] - totals["n_scored"])[[*_NUMBER, "n_missing"]]
    table = cells.bands(rows.rename(columns={"persona": "unit"}), _NUMBER, generalise=generalise).merge(
        missing, on=_NUMBER
    )
    return table[list(NUMBER_DTYPES)].astype(NUMBER_DTYPES)


def _units(grid: Grid, context: Context) -> Iterator[Instance]:
    if patterns := context.family("patterns"):  # those of the last checkpoint only are compared
        yield Instance(
            "patterns-by-unit", {"counts": [artefact.outputs[1] for artefact in patterns]}, generalisation(grid)
        )


def _numbers(grid: Grid, context: Context) -> Iterator[Instance]:
    if last := context.family("last_patterns"):
        counts = [artefact.outputs[1] for artefact in (*context.family("patterns"), *last)]
        yield Instance("patterns-numbers", {"counts": counts}, generalisation(grid))


PATTERN_UNITS = table(
    "pattern_units", pattern_units, _units, module=__name__, title="Token patterns by model, benchmark and persona"
)
PATTERN_NUMBERS = table(
    "pattern_numbers", pattern_numbers, _numbers, module=__name__, title="Number of token patterns"
)
