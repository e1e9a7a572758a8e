"""DuckDB over Parquet files: queries that read the rows and columns they need, within bounds of memory."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

MEGABYTES, THREADS = 512, 2
"""What queries may take: a login node is shared."""

Row = dict[str, Any]


class Database:
    """A database in memory, in which tables of a few columns are kept. It may be used by several threads."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")
        for setting in (
            f"memory_limit = '{MEGABYTES}MB'",
            f"threads = {min(THREADS, os.cpu_count() or 1)}",
            "autoinstall_known_extensions = false",  # nothing is downloaded
            "autoload_known_extensions = false",
            "preserve_insertion_order = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a query as dictionaries; `$name` in it stands for a parameter."""
        cursor = self._connection.cursor().execute(query, parameters or {})
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def keep(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        """Keep rows as a table of these columns (`name TYPE, ...`), in the place of one of that name."""
        import pandas as pd

        names = [column.split()[0].strip('"') for column in columns.split(", ")]
        frame = pd.DataFrame(list(rows), columns=names)
        cursor = self._connection.cursor()
        cursor.execute(f"CREATE OR REPLACE TABLE {table} ({columns})")
        if len(frame):
            cursor.register("frame", frame)
            cursor.execute(f"INSERT INTO {table} SELECT * FROM frame")
            cursor.unregister("frame")

    def create(self, table: str, query: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Keep the rows of a query as a table, in the place of one of that name."""
        self._connection.cursor().execute(f"CREATE OR REPLACE TABLE {table} AS {query}", parameters or {})


def files(paths: Iterable[Path]) -> list[str]:
    """Return paths as `read_parquet` takes them, which reads some characters as wildcards."""
    return [re.sub(r"([*?\[])", r"[\1]", str(path)) for path in paths]
