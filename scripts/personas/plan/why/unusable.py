"""Files of a grid that are there and cannot stay: broken, another's, or read otherwise today."""

import json
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from personas.core.errors import UserError
from personas.core.parquet import METADATA_KEY, Broken, footer, read_table
from personas.engines.http.endings import ENDINGS_VERSION, ending
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact

_ENDINGS = re.compile(rb'"endings": (\d+)')
MARKS: Mapping[str, tuple[bytes, bytes]] = {
    "pdf": (b"%PDF", b"%%EOF"),
    "png": (b"\x89PNG", b"IEND\xaeB`\x82"),
    "html": (b"<", b"</html>"),
}
"""How whole files of other formats begin and end, by suffix; of texts and tables as text nothing is known."""


def unusable_cells(grid: Grid, on_disk: AbstractSet[str], results: Path) -> dict[str, str]:
    """Return why cells that are there are to be made again, by path."""
    there = (path for path in grid.by_path if path in on_disk)
    faults = {path: _fault(results / path, is_cell=True) for path in there}
    return {path: reason for path, reason in faults.items() if reason}


def broken_artefacts(artefacts: Iterable[Artefact], results: Path) -> dict[str, str]:
    """Return why tables and figures that are there are to be made again, by path."""
    faults = {path: _fault(results / path) for artefact in artefacts for path in artefact.outputs}
    return {path: reason for path, reason in faults.items() if reason}


def _fault(path: Path, is_cell: bool = False) -> str | None:
    """Tell what is wrong with a file, as far as its size and its ends show it; None where it is absent."""
    try:
        if path.suffix != ".parquet":
            return _torn(path)
        end = footer(path)
        return _other(end, path.name.split(".")[-2]) or (_read_otherwise(path, end) if is_cell else None)
    except FileNotFoundError:
        return None
    except Broken as error:
        return f"its file is broken: {error}"
    except OSError as error:
        raise UserError(f"results: {path} cannot be read ({error.strerror}), expected a file of ours.") from None


def _other(end: bytes, digest: str) -> str | None:
    if b'"digest": "%s"' % digest.encode() in end:
        return None
    return "its file is another's under this name" if b'"digest": "' in end else "its file is none of ours"


def _torn(path: Path) -> str | None:
    if not (size := path.stat().st_size):
        raise Broken("0 bytes")
    if marks := MARKS.get(path.suffix[1:]):
        with path.open("rb") as file:
            begins = file.read(len(marks[0]))
            file.seek(max(0, size - len(marks[1]) - 2))
            if begins != marks[0] or file.read().rstrip()[-len(marks[1]) :] != marks[1]:
                raise Broken("its end is missing" if begins == marks[0] else f"no {path.suffix[1:].upper()}")
    return None


def _read_otherwise(path: Path, end: bytes) -> str | None:
    """Tell of a cell of an earlier version that holds answers which end in another way by today's table."""
    match = _ENDINGS.search(end)
    version = int(match[1]) if match else 0
    if version == ENDINGS_VERSION:
        return None
    file = pq.read_metadata(path)
    description: Mapping[str, Any] = json.loads(file.metadata[METADATA_KEY])
    if "origin" in description or _ends_well(file):
        return None
    rows = read_table(path, columns=["status", "finish_reason"]).to_pylist()
    if any(row["status"] == "ok" and ending(row["finish_reason"]) != "whole" for row in rows):
        return f"endings of answers v{version} -> v{ENDINGS_VERSION}: some were cut or broken off"
    return None


def _ends_well(file: pq.FileMetaData) -> bool:
    """Tell by the statistics of a file that all its answers ended in one good way: most do, and are not read."""
    for group in map(file.row_group, range(file.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            stats = column.statistics
            if column.path_in_schema == "finish_reason" and (stats is None or stats.min != stats.max):
                return False
            if column.path_in_schema == "finish_reason" and ending(stats.min) != "whole":
                return False
    return True
