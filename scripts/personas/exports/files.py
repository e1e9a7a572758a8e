"""Tidy tables as files, each whole or not there."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import orjson
import pyarrow as pa

from personas.core.files import write_atomically
from personas.exports.study_results import StudyResults
from personas.exports.tidy import Hide, TidyTable, nothing, tidy_tables


class Writer(Protocol):
    """Writes a table part by part."""

    def write_table(self, table: pa.Table) -> Any:
        """Write one more part."""


Open = Callable[[Path, pa.Schema], AbstractContextManager[Writer]]


def write_tables(
    results: StudyResults, folder: Path, suffix: str, open_writer: Open, hide: Hide = nothing
) -> Iterator[str]:
    """Write every tidy table to a file of its name; yield what to tell about it."""
    for table in tidy_tables(results, hide):
        rows: list[int] = []
        path = folder / f"{table.name}.{suffix}"
        write_atomically(path, partial(_write, table, open_writer, rows))
        yield f"{path}: {sum(rows):,} rows."
    yield from results.missing()


def _write(table: TidyTable, open_writer: Open, rows: list[int], path: Path) -> None:
    with open_writer(path, table.schema) as writer:
        for part in table.parts():
            writer.write_table(part)
            rows.append(part.num_rows)


class LinesWriter:
    """Writes rows as JSON, one a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._file.close()

    def write_table(self, table: pa.Table) -> None:
        """Write the rows of a table; what is no number is null."""
        self._file.writelines(orjson.dumps(row) + b"\n" for row in table.to_pylist())
