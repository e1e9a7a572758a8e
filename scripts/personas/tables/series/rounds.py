"""Ratings of utterances: one value with a band per metric, series and round, as it is and smoothed."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

import pandas as pd

from personas.config.kinds import UTTERANCES
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats import cells, checks
from personas.stats.intervals import UNITS
from personas.tables.table import generalisation, ratings, table

RAW, SEGMENT = "none", "segment"
"""Values of the column `smoothing`."""

ROUND_DTYPES = {
    "metric": "str",
    "judge": "str",
    "condition": "str",
    "group": "str",
    "smoothing": "str",
    "first_round": "int64",
    "round": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "n_cells": "int64",
    "n_scored": "int64",
    "n_planned": "int64",
}
_LINE = ["metric", "judge", "condition", "group"]
_CELL = ["model", "unit"]
_SPAN = ["first_round", "last_round"]
_UTTERANCE = ["metric", "judge", "model", "persona", "reference_persona", "condition", "order", "replicate", "round"]
_NEEDED = {*_UTTERANCE, "is_baseline", "value"}


def segments(checkpoints: Sequence[int], last_round: int) -> list[tuple[int, int]]:
    """Return the first and last round of each segment, in rounds from 1, ascending.

    The segment of checkpoint t holds the rounds since the previous checkpoint; a round stands at checkpoint t
    if t rounds were before it, that is, round t + 1. With checkpoints 0 < t1 < t2 ...: round 1 alone, then
    2 .. t1 + 1, then t1 + 2 .. t2 + 1, and so on; the last segment ends with the last round.
    Source: the study's notebook gen_graphics, which numbers rounds from 0 and takes the first value as it is,
    then means over (previous index, index], with indices 0, 11, 22, 34, 45, 56, 68, 79, 90, 101 of 102 rounds.
    Rounds after the last checkpoint are in no segment; without checkpoints there is none.
    """
    ends = sorted({min(checkpoint + 1, last_round) for checkpoint in checkpoints})
    return [(before + 1, end) for before, end in pairwise([0, *ends])]


def series_by_round(
    ratings: pd.DataFrame, checkpoints: Sequence[int], *, generalise: Collection[str] = UNITS
) -> pd.DataFrame:
    """Mean rating (1..5) and band per metric, judge, condition, group and round, raw and smoothed.

    Takes the rows of the ratings table that have a `round`. A cell is a model and a persona; for the baseline,
    a model and the persona as which it was judged. A cell's value in a round is the mean over its orders and
    replicates; in a segment (see `segments`) it is the mean of its values in the segment's rounds. mean, low
    and high run over the cells, each counting the same. Judges are never mixed. `smoothing` is "none" (one row
    a round, `first_round` = `round`) or "segment" (`round` is its last one). `n_scored` and `n_planned` count
    ratings with a value, and all. Missing values stay out; a point without any keeps its row, with NaN and
    `n_cells` 0. Columns and types: `ROUND_DTYPES`; sorted by metric, judge, condition, group, smoothing, round.

    Raises:
        ValueError: a column is missing, a rating names no judge, or a judge rated an utterance twice by one
            metric.
    """
    checks.require_columns(ratings, _NEEDED)
    rows = ratings[ratings["round"].notna()]
    if rows["judge"].isna().any():
        raise ValueError("utterances: a rating names no judge")
    checks.require_unique(rows, _UTTERANCE, "utterances")
    # Sorted, so that rounding in the sums does not depend on the order of the rows.
    rows = cells.with_group(rows.sort_values(_UTTERANCE))
    rows = rows.assign(unit=cells.stood_for(rows), round=rows["round"].astype("int64"))
    parts = [_points(part, generalise).assign(smoothing=kind) for kind, part in _spans(rows, checkpoints)]
    series = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(ROUND_DTYPES))
    ordered = series[list(ROUND_DTYPES)].astype(ROUND_DTYPES)
    return ordered.sort_values([*_LINE, "smoothing", "round"], ignore_index=True)


def _spans(rows: pd.DataFrame, checkpoints: Sequence[int]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows with the rounds that go into one point: each by itself, then in segments."""
    if rows.empty:
        return
    yield RAW, rows.assign(first_round=rows["round"], last_round=rows["round"])
    for first, last in segments(checkpoints, rows["round"].max()):
        yield SEGMENT, rows[rows["round"].between(first, last)].assign(first_round=first, last_round=last)


def _points(rows: pd.DataFrame, generalise: Collection[str]) -> pd.DataFrame:
    point = [*_LINE, *_SPAN]
    by_cell = cells.means(cells.means(rows, [*point, *_CELL, "round"]), [*point, *_CELL])
    points = cells.bands(by_cell, point, generalise=generalise).merge(cells.counts(rows, point), on=point)
    return points.rename(columns={"last_round": "round"})


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if files := ratings(context, [UTTERANCES]):
        parameters = {"checkpoints": list(grid.study.config.checkpoints), **generalisation(grid)}
        yield Instance("by-round", {"ratings": files}, parameters)


SERIES_BY_ROUND = table(
    "series_by_round", series_by_round, _instances, module=__name__, title="Ratings of utterances by round"
)
