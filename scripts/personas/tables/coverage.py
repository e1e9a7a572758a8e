"""How much of what was planned has a value, and what became of the rest."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from personas.core.parquet import read_frame
from personas.engines.request import STATUSES
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats import checks
from personas.tables.table import Layout, ratings, ratings_with, table, texts

UTTERANCES = "utterances"
"""Stands in `benchmark` for the answers of dialogues."""

UNPARSED = "judge_unparsed"
COVERAGE_KEYS = ["model", "persona", "benchmark", "judge", "metric", "condition"]
COUNTS = ["planned", "scored", "failed", "unparsed"]
_NEEDED = {"model", "persona", "benchmark", "judge", "metric", "condition", "status", "value"}


def status_counts(ratings: pd.DataFrame) -> pd.DataFrame:
    """Count the rows of a ratings table by `COVERAGE_KEYS` and status: columns those, status, n, n_scored.

    `judge` is null for what is only counted (`words`); `benchmark` is "utterances" for answers of dialogues.

    Raises:
        ValueError: a column is missing.
    """
    checks.require_columns(ratings, _NEEDED)
    rows = ratings.assign(benchmark=ratings["benchmark"].fillna(UTTERANCES))
    return (
        rows.groupby([*COVERAGE_KEYS, "status"], sort=True, dropna=False)["value"]
        .agg(n="size", n_scored="count")
        .reset_index()
    )


def coverage(counts: Iterable[pd.DataFrame], statuses: Sequence[str]) -> pd.DataFrame:
    """Return a row per model, persona, benchmark, judge, metric and condition: how many ratings, and how they ended.

    `counts` are `status_counts` of the ratings tables. `planned` = `scored` + `failed` + `unparsed`: ratings with a
    value; without one, because the answer or its scorer failed; and verdicts that could not be read. A column for
    each of `statuses` counts all rows that ended so (an answer that was cut is `truncated` and scored); one that is
    not among them, an error.

    Raises:
        ValueError: a status is not among `statuses`.
    """
    parts = list(counts)
    keys = COVERAGE_KEYS
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*keys, "status", "n", "n_scored"])
    if strange := sorted(set(rows["status"]) - set(statuses)):
        raise ValueError(f"ratings: found the status {', '.join(strange)}, expected one of {', '.join(statuses)}")
    lost = rows["n"] - rows["n_scored"]
    unparsed = lost.where(rows["status"] == UNPARSED, 0)
    totals = rows.assign(planned=rows["n"], scored=rows["n_scored"], failed=lost - unparsed, unparsed=unparsed)
    totals = totals.assign(**{status: rows["n"].where(rows["status"] == status, 0) for status in statuses})
    table = totals.groupby(keys, sort=True, dropna=False)[[*COUNTS, *statuses]].sum().reset_index()
    return table.astype(dict.fromkeys([*COUNTS, *statuses], "int64") | dict.fromkeys(keys, "str"))


UNSCORABLE = "unscorable"
"""The one status that only ratings have."""
_COUNTED = ["model", "persona", "benchmark", "judge", "metric", "condition", "status", "value"]


def coverage_of_files(ratings: Sequence[Path], *, statuses: Sequence[str]) -> pd.DataFrame:
    """Return `coverage` of files of ratings, one of which is in memory at a time."""
    return coverage((status_counts(read_frame(path, columns=_COUNTED)) for path in ratings), statuses)


def _sum_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Return coverage by model, benchmark and judge; personas, metrics and conditions summed."""
    return table.groupby(["model", "benchmark", "judge"], sort=True, dropna=False)[COUNTS].sum().reset_index()


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    yield Instance("coverage", {"ratings": ratings(context)}, {"statuses": [*STATUSES, UNSCORABLE]})


def _with_interventions(grid: Grid, context: Context) -> Iterator[Instance]:
    for slug in grid.study.config.interventions:
        files = {"ratings": ratings_with(context, slug)}
        yield Instance(f"coverage--with-{slug}", files, {"statuses": [*STATUSES, UNSCORABLE]})


INTERVENTION_COVERAGE = table(
    "intervention_coverage", coverage_of_files, _with_interventions, module=__name__, from_files=True
)
COVERAGE = table(
    "coverage",
    coverage_of_files,
    _instances,
    module=__name__,
    title="How many planned values are there",
    from_files=True,
    layout=Layout(
        texts("model", "benchmark", "judge", *COUNTS),
        "Ratings planned, with a value, failed, and with an unreadable verdict; -- in Judge: answer length.",
        rows=_sum_counts,
    ),
)
