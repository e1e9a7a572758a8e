"""Every released file, and what became of it: imported, ignored with a reason, or an error that names it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from personas.exports.release.slugs import Slugs
from personas.exports.release.summaries import COLUMNS as TABLES
from personas.exports.release.summaries import summary
from personas.grid.grid import Grid
from personas.grid.release.names import Name, PatternsName, Spoken, parse
from personas.grid.release.release import SUMMARIES, Release
from personas.requests.projection import read_description

Outcome = Literal["imported", "ignored", "error", "missing"]
COLUMNS = ("file", "outcome", "cells", "detail", "sha256")
"""`cells`: how many are made of the file. `missing` is the outcome of a file that a cell needs and nobody has."""


def accounting(grid: Grid, results: Path) -> pd.DataFrame:
    """Return one row for each file of the release, and for each file that cells lack."""
    release = grid.study.release
    if release is None:
        raise ValueError("no released files")
    rows = sorted(_rows(grid, results, release), key=lambda row: str(row["file"]))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"cells": "int64"})


def _rows(grid: Grid, results: Path, release: Release) -> Iterator[Mapping[str, Any]]:
    imported = [cell for cell in grid.cells if cell.is_imported]
    users = Counter(path for cell in imported for path in cell.sources.values())
    statements = _cell_statements(results, [cell.path for cell in imported])
    for name in TABLES:
        statements["faults"] |= summary(grid.study, name)[1]
    notes, slugs, twins = statements["notes"], Slugs(grid.study), _twins(release)
    for path, sha256 in release.files.items():
        outcome, detail = _outcome(path, users[path], release, slugs)
        if path in statements["faults"]:
            outcome, detail = "error", statements["faults"][path]
        detail = "; ".join(filter(None, [detail, notes.get(path), twins.get(path)]))
        yield _row(path, outcome, detail, users[path], sha256)
    for path, fault in release.faults.items():
        yield _row(path, "error", fault)
    for path, reason in release.ignored.items():
        yield _row(path, "ignored", reason)
    lacking = Counter(path for cell in imported for path in cell.wanted.values() if path not in release.files)
    for path, cells in lacking.items():
        if path not in release.faults:
            yield _row(path, "missing", "not there, expected it: its items have the status not_imported", cells)


def _row(path: str, outcome: Outcome, detail: str, cells: int = 0, sha256: str | None = None) -> Mapping[str, Any]:
    return {"file": path, "outcome": outcome, "cells": cells, "detail": detail, "sha256": sha256}


def _outcome(path: str, cells: int, release: Release, slugs: Slugs) -> tuple[Outcome, str]:
    if path in SUMMARIES.values():
        return "imported", "a table of its own"
    name: Name = parse(path, release.vocabulary)
    if cells:
        return "imported", ""
    if isinstance(name, PatternsName) and name.model in slugs.models:
        return "imported", "a table of its own"
    return "ignored", slugs.why_unused(name)


def _cell_statements(results: Path, paths: list[str]) -> dict[str, dict[str, str]]:
    """Gather what imported cells say of their files."""
    gathered: dict[str, dict[str, str]] = {"faults": {}, "notes": {}}
    for path in paths:
        origin = read_description(results / path)["origin"]
        for kind in gathered:
            gathered[kind] |= origin[kind]
    return gathered


def _twins(release: Release) -> dict[str, str]:
    """Note the files at round 0 that are equal to the byte to those of the other conversation."""
    notes = {}
    for path, sha256 in release.files.items():
        if "/inst-" not in path or not path.startswith("generations/"):
            continue
        name = parse(path, release.vocabulary)
        other = path.replace("/inst-", "/")
        if isinstance(name, Spoken) and name.t == 0 and release.files.get(other) == sha256:
            notes[path] = f"equal to the byte to {other}"
    return notes
