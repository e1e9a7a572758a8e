"""Project cells from what was said: a Parquet file that describes itself."""

import importlib.metadata
import json
import platform
import socket
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from personas.core.errors import UserError
from personas.core.parquet import METADATA_KEY, read_schema, write_table
from personas.engines.http.endings import ENDINGS_VERSION
from personas.grid.cells import Cell

_SERVED, _FEW = ("served_model", "served_by"), 5
_RECORDED = ("persona-persistence", "pyarrow", "xllamacpp", "gguf", "snakemake")


def write_cell(results: Path, cell: Cell, table: pa.Table, origin: Mapping[str, Any] | None = None) -> dict[str, int]:
    """Write a cell and return how many of its rows ended in which status; `origin`: what it was imported from."""
    statuses = dict(Counter(table.column("status").to_pylist()))
    description = {
        "spec": cell.spec,
        "track": cell.track.identifiers,
        "benchmark": cell.benchmark,
        "as_persona": cell.as_persona,
        "behind": cell.behind.path if cell.behind else None,
        **({} if origin is None else {"origin": origin}),
        "statuses": statuses,
        **({} if origin is not None or not (changes := _version_changes(table)) else {"changed": changes}),
        "endings": ENDINGS_VERSION,
        "usage": _usage(table),
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": socket.gethostname(),
        "versions": versions(),
    }
    write_table(results / cell.path, table, description)
    return statuses


def read_description(path: Path) -> dict[str, Any]:
    """Return what a result file says of itself."""
    metadata: Mapping[bytes, bytes] = read_schema(path).metadata or {}
    description: dict[str, Any] = json.loads(metadata[METADATA_KEY])
    return description


def source_dialogue(path: Path) -> str | None:
    """Return the dialogue (below the results folder) that a response was made behind; None if its file tells none."""
    try:
        behind: str | None = read_description(path).get("behind")
    except (UserError, OSError, ValueError, KeyError):
        return None
    return behind


@cache
def versions() -> dict[str, str]:
    """Return the versions of what shaped a result: recorded with it, never part of its identity."""
    by_package = {"python": platform.python_version()}
    for package in _RECORDED:
        try:
            by_package[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return by_package


def _version_changes(table: pa.Table) -> dict[str, list[str]]:
    """Return what the server called its model and its build, where it changed within the cell, some of them."""
    by_column = {name: table.column(name).unique().drop_null().to_pylist() for name in _SERVED}
    return {name: names[:_FEW] for name, names in by_column.items() if len(names) > 1}


def _usage(table: pa.Table) -> dict[str, float]:
    columns = ("prompt_tokens", "completion_tokens", "cached_tokens", "seconds")
    rows = [*table.select(columns).to_pylist(), *_asides(table)]
    return {name: sum(row[name] or 0 for row in rows) for name in columns}


def _asides(table: pa.Table) -> list[dict[str, Any]]:
    """Return what was answered beside the rounds: to an intervention, and as user turns."""
    columns = [table.column(name).to_pylist() for name in ("aside", "user_reply") if name in table.column_names]
    return [reply for column in columns for reply in column if reply is not None]
