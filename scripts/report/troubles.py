"""What finished cells hold that somebody should know of: refused requests, and a server that changed meanwhile."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from scripts.batch.projection import METADATA_KEY
from scripts.engines.cleaning import one_line
from scripts.engines.endings import ENDINGS_VERSION, ending

_CELLS = ("dialogues/", "responses/", "judgements/")
_NOT_ASKED = ("not asked:", "not judged:")
"""How the details of rows begin that only follow from another."""
_LONGEST = 200


@dataclass
class Troubles:
    """Rows and cells with `api_error`, what was said, and cells that several models or builds served.

    `cut`: rows by cell that an earlier version took for whole answers, though their ending says otherwise.
    """

    rows: int = 0
    cells: int = 0
    said: Counter[str] = field(default_factory=Counter)
    changed: dict[str, str] = field(default_factory=dict)
    cut: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """Yield what is to be told; nothing where all is well."""
        if self.rows:
            mostly = f", most often: {self.said.most_common(1)[0][0]}" if self.said else ""
            yield f"Without an answer (api_error): {self.rows:,} rows of {self.cells:,} cells{mostly}"
        if self.cut:
            path = next(iter(self.cut))
            yield (
                f"Cut or broken off, but counted as ok by an earlier version: {self.cut.total():,} rows of "
                f"{len(self.cut):,} cells; `personas forget --keep-answers` has them made anew, for one {path}"
            )
        if self.changed:
            path, served = next(iter(self.changed.items()))
            yield (
                f"The server changed within {len(self.changed):,} cells (columns served_model, served_by), "
                f"for one in {path}: {served}"
            )


def troubles(paths: Iterable[str], results: Path) -> Troubles:
    """Look into the cells among `paths` that are there; what cannot be read is for others to tell."""
    found = Troubles()
    for path in (path for path in paths if path.startswith(_CELLS)):
        try:
            _look_into(results / path, path, found)
        except (OSError, ValueError, KeyError):
            continue
    return found


def _look_into(file: Path, path: str, found: Troubles) -> None:
    footer = pq.read_metadata(file)
    described: Mapping[str, Any] = json.loads((footer.metadata or {})[METADATA_KEY])
    is_read_otherwise = "origin" not in described and described.get("endings", 0) != ENDINGS_VERSION
    if is_read_otherwise and not _ends_well(footer):
        ends = pq.read_table(file, columns=["status", "finish_reason"]).to_pylist()
        if cut := sum(row["status"] == "ok" and ending(row["finish_reason"]) != "whole" for row in ends):
            found.cut[path] = cut
    if changed := described.get("changed"):
        found.changed[path] = one_line("; ".join(f"{column} {', '.join(names)}" for column, names in changed.items()))
    count = described["statuses"].get("api_error", 0)
    if not count:
        return
    found.rows, found.cells = found.rows + count, found.cells + 1
    for row in pq.read_table(file, columns=["status", "detail"]).to_pylist():
        detail = row["detail"] or ""
        if row["status"] == "api_error" and detail and not detail.startswith(_NOT_ASKED):
            found.said[one_line(detail, _LONGEST)] += 1


def _ends_well(footer: pq.FileMetaData) -> bool:
    """Tell by the statistics of a file that all its answers ended in one good way: most do, and are not read."""
    for group in map(footer.row_group, range(footer.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            told = column.statistics
            if column.path_in_schema == "finish_reason" and (told is None or told.min != told.max):
                return False
            if column.path_in_schema == "finish_reason" and ending(told.min) != "whole":
                return False
    return True
