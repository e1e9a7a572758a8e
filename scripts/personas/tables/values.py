"""Every measured number at the level of a cell: the one table that contrasts, models and rankings start from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personas.benchmarks.panel import Panel
from personas.core.parquet import read_frame, read_schema
from personas.grid.grid import Grid
from personas.grid.value_columns import KEYS, VALUE_DTYPES
from personas.plan.declaration import Context, Instance
from personas.stats import checks
from personas.stats.measures import CHECKPOINT, ROUND, Measure
from personas.stats.selection import UTTERANCE, select
from personas.tables.measures import measures_of
from personas.tables.table import ratings, table

_CELL = ["model", "group", "persona", "condition", "order", "replicate", "position"]
_ANSWER = {CHECKPOINT: checks.ANSWER, ROUND: UTTERANCE}
_READ = [*checks.ANSWER, "round", "is_baseline", "metric", "label", "judge", "reference", "value"]


def values_of_files(paths: Iterable[Path], measures: Sequence[Measure]) -> pd.DataFrame:
    """Return `cell_values` of tables of ratings (or of distances, which are shaped like them), read one by one.

    Only the columns that are needed are read, and a file is reduced to its cells before the next is opened: in memory
    is one table of ratings at a time.
    """
    return together(cell_values(_read(path), measures) for path in paths)


def together(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return tables of values as one, sorted by `KEYS`.

    Raises:
        ValueError: a value is there twice.
    """
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(VALUE_DTYPES))
    table = table[list(VALUE_DTYPES)].astype(VALUE_DTYPES).sort_values(KEYS, ignore_index=True)
    checks.require_unique(table, KEYS, "values")
    return table


def cell_values(ratings: pd.DataFrame, measures: Sequence[Measure]) -> pd.DataFrame:
    """Return one row for each measure and (model, persona, condition, order, replicate, position) of a ratings table.

    `value` is the mean over the cell's items, in the measure's unit (shares 0..1, ratings 1..5, words); NaN where no
    item has one. `n_scored` and `n_planned` count items with a value and all of them. `persona` is, for the baseline,
    the persona whose items it answered or as which it was judged, and null where its answers belong to nobody.
    Columns and types: `VALUE_DTYPES`; sorted by `KEYS`.

    Raises:
        ValueError: an answer is rated twice for one measure, or a measure mixes judges.
    """
    by_metric = {axis: dict(iter(_of_axis(ratings, axis).groupby("metric"))) for axis in (CHECKPOINT, ROUND)}
    return together(_values(by_metric[measure["axis"]], measure) for measure in measures)


def _of_axis(ratings: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Return the ratings of responses, or those of utterances; a table of distances has none of the latter."""
    if axis in ratings:
        return ratings[ratings[axis].notna()]
    return ratings.iloc[:0].assign(**{axis: pd.Series(dtype="int64")})


def _values(ratings: Mapping[Any, pd.DataFrame], measure: Measure) -> pd.DataFrame:
    """Return the values of one measure from the ratings of each metric; an empty table where there are none."""
    axis: str = measure["axis"]
    parts = [
        _select(ratings[metric], measure, metric)
        for metric in measure["of"] or [measure["metric"]]
        if metric in ratings
    ]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if rows.empty:
        return rows
    if measure["of"]:
        rows = _mean_of_metrics(rows, measure)
    persona = rows["persona"].mask(rows["is_baseline"].astype(bool))
    stood_for = persona.where(rows["reference_persona"].isna(), rows["reference_persona"])
    cells = rows.assign(persona=stood_for, position=rows[axis].astype("int64"))
    by_cell = cells.groupby(_CELL, sort=True, dropna=False)["value"]
    values = by_cell.agg(value="mean", n_scored="count", n_planned="size").reset_index()
    return values.assign(axis=axis, **{key: measure[key] for key in ("measure", "benchmark", "judge")})


def _select(ratings: pd.DataFrame, measure: Measure, metric: str) -> pd.DataFrame:
    keys = ("benchmark", "label", "judge", "reference")
    panel = Panel(measure["measure"], "", "", metric, **{key: measure[key] for key in keys})
    return select(ratings, panel, _ANSWER[measure["axis"]])


def _mean_of_metrics(rows: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Return the mean of several metrics of each answer; NaN where one of them is missing."""
    answer, metrics = _ANSWER[measure["axis"]], measure["of"]
    by_answer = rows.groupby([*answer, "is_baseline", "group"], dropna=False, sort=True)["value"]
    means = by_answer.agg(value="mean", n="count").reset_index()
    return means.assign(value=means["value"].where(means["n"] == len(metrics)))


def _read(path: Path) -> pd.DataFrame:
    there = set(read_schema(path).names)
    return read_frame(path, columns=[name for name in _READ if name in there])


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    files = [*ratings(context), *context.outputs("bfi_distances")]
    yield Instance("values", {"paths": files}, {"measures": measures_of(grid)})


VALUES = table("values", values_of_files, _instances, module=__name__, from_files=True, heading="")
