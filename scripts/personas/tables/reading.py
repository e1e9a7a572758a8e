"""Ratings, read as far as one table needs them: all rows and columns of a study's are gigabytes."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from personas.core.parquet import read_table


def rows_of(paths: Sequence[Path], columns: Collection[str], metric: str | None = None) -> pd.DataFrame:
    """Return these columns of ratings, of one metric or of all, in the order of the files."""
    filters = None if metric is None else [("metric", "==", metric)]
    parts = [read_table(path, columns=sorted(columns), filters=filters) for path in paths]
    frame: pd.DataFrame = pa.concat_tables(parts).to_pandas()
    return frame
