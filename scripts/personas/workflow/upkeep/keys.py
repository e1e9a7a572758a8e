"""Which requests a cell on disk stands on, and in whose journal they are."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def asked_slug(path: str) -> str:
    """Return the slug of the model that was asked to make a cell: the measured model's, or the judge's.

    `path` is below the results folder. The journals of that model are in `journal/<slug>/`.
    """
    return path.split("/")[1]


def request_keys(path: Path) -> set[bytes] | None:
    """Return the keys of the requests that a cell stands on; None where its file is damaged."""
    try:
        # Only some dialogues have the other columns (`requests.transcript`); elsewhere they are passed over.
        columns = ["request_key", "aside.request_key", "user_reply.request_key"]
        table = pq.ParquetFile(path).read(columns=columns).flatten()
        keys = [table.column("request_key"), *table.columns[1:]]
        return {bytes.fromhex(key) for column in keys for key in column.unique().to_pylist() if key is not None}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None


def all_request_keys(results: Path, paths: Iterable[str]) -> set[bytes]:
    """Return the keys that any of the cells stands on, as far as their files can be read."""
    return set().union(*(request_keys(results / path) or () for path in paths))
