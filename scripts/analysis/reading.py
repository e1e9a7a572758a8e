"""Ratings, read as far as one table needs them: at the size of a study all rows and columns are millions of rows.

What reads many files goes through them one by one, or takes the rows of one metric from each.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.analysis import agreement, series, statuses
from scripts.analysis.panels import Panel


def rows_of(paths: Sequence[Path], columns: Collection[str], metric: str | None = None) -> pd.DataFrame:
    """Return these columns of ratings, of one metric or of all, in the order of the files."""
    filters = None if metric is None else [("metric", "==", metric)]
    parts = [pq.read_table(path, columns=sorted(columns), filters=filters) for path in paths]
    frame: pd.DataFrame = pa.concat_tables(parts).to_pandas()
    return frame


def series_of_files(paths: Sequence[Path], panels: Sequence[Panel], bootstrap: Mapping[str, Any]) -> pd.DataFrame:
    """Return `series_by_checkpoint` of these files; in memory are the ratings of one metric at a time."""
    parts = [
        series.series_by_checkpoint(rows_of(paths, series.NEEDED, metric), list(together), **bootstrap)
        for metric, together in groupby(panels, key=lambda panel: panel.metric)
    ]
    # Empty parts have columns of no type, and would take the others' types away.
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def agreement_of_files(paths: Sequence[Path], judge: str) -> pd.DataFrame:
    """Return `agreement` of these files."""
    return agreement.agreement(rows_of(paths, agreement.NEEDED, "refusal"), judge)


def status_shares_of_files(paths: Sequence[Path]) -> pd.DataFrame:
    """Return `status_shares` of these files, one of which is in memory at a time."""
    return statuses.pooled([statuses.status_shares(rows) for rows in _one_by_one(paths)])


def answer_status_shares_of_files(paths: Sequence[Path]) -> pd.DataFrame:
    """Return `answer_status_shares` of these files, one of which is in memory at a time."""
    return statuses.pooled([statuses.answer_status_shares(rows) for rows in _one_by_one(paths)])


def _one_by_one(paths: Sequence[Path]) -> Iterator[pd.DataFrame]:
    for path in paths:
        yield rows_of([path], statuses.NEEDED)
