"""Parquet files: written with checksums and a digest of what they are, and checked as they are read."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from personas.core.errors import UserError
from personas.core.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

METADATA_KEY = b"personas"
MAGIC = b"PAR1"
_ENDS = 4 + len(MAGIC)
"""Bytes behind the footer: its length, and the mark of the format."""
_TAIL = 1 << 14
"""Bytes that are read at once: footers of nearly all files are shorter."""
_CELLS = frozenset({"dialogues", "responses", "judgements"})


class Broken(Exception):
    """A file that is no whole Parquet file; the message says why."""


def write_table(path: Path, table: pa.Table, description: Mapping[str, Any] | None = None) -> None:
    """Write a table whole or not at all; it carries `description`, at least the digest in its name."""
    metadata = json.dumps({"digest": path.name.split(".")[-2], **(description or {})}, ensure_ascii=False).encode()
    annotated = table.replace_schema_metadata({**(table.schema.metadata or {}), METADATA_KEY: metadata})
    write_atomically(path, partial(pq.write_table, annotated, write_page_checksum=True))


def write_frame(path: Path, frame: "pd.DataFrame") -> None:
    """Write a data frame without its index as `write_table` does."""
    write_table(path, pa.Table.from_pandas(frame, preserve_index=False))


def read_table(path: Path, **options: Any) -> pa.Table:
    """Read a file with `options` of pyarrow; UserError names a broken one and what helps."""
    with _clear_errors(path):
        return pq.read_table(path, page_checksum_verification=True, **options)


def read_frame(path: Path, **options: Any) -> "pd.DataFrame":
    """Read a file as pandas does; UserError names a broken one and what helps."""
    import pandas as pd

    with _clear_errors(path):
        return pd.read_parquet(path, page_checksum_verification=True, **options)


def read_schema(path: Path) -> pa.Schema:
    """Read names and types of the columns, and what a file says of itself."""
    with _clear_errors(path):
        return pq.read_schema(path)


@contextlib.contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        is_of_system = isinstance(error, OSError) and error.errno is not None
        if is_of_system or isinstance(error, FileNotFoundError):
            raise
        helps = f"`personas forget --keep-answers {path}`" if _CELLS & set(path.parts) else "remove it"
        why = str(error).splitlines()[0].rstrip(".")
        raise UserError(f"{path}: the file is broken ({why}); {helps}, and the next run makes it anew.") from None


def footer(path: Path) -> bytes:
    """Return the end of a file, in which it says what it is, having read nothing else; Broken where it is not whole.

    A plan looks at tens of thousands of files, and pyarrow takes ten times as long for each.
    """
    with path.open("rb", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if not size:
            raise Broken("0 bytes")
        tail = _read(file, max(0, size - _TAIL))
        if (tail if size <= _TAIL else _read(file, 0, len(MAGIC)))[: len(MAGIC)] != MAGIC:
            raise Broken("no Parquet file")
        length = int.from_bytes(tail[-_ENDS : -len(MAGIC)], "little")
        if tail[-len(MAGIC) :] != MAGIC or size < len(MAGIC) + length + _ENDS:
            raise Broken("its end is missing")
        if length + _ENDS > len(tail):
            tail = _read(file, size - length - _ENDS)
        return tail[-length - _ENDS : -_ENDS]


def _read(file: Any, start: int, length: int = -1) -> bytes:
    file.seek(start)
    read: bytes = file.read(length)
    return read
