"""What must hold after every fault: nothing lost, nothing twice, everything as in an undisturbed run."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from personas.engines.request import STATUSES
from personas.grid.cells import Cell
from personas.grid.grid import Grid, user_turns
from personas.grid.question_sets import asked_items
from personas.plan.disk import existing_files
from personas.requests.journal_lines import journal_files, journal_lines
from tests.helpers import Project

NOT_CONTENT = ("seconds", "prompt_tokens", "completion_tokens", "cached_tokens")
"""Columns that may differ between two runs: times, and what a warm prefix saved."""


def content(project: Project) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every cell on disk, without times and usage."""
    results = project.results
    return {
        path: pq.read_table(results / path).drop_columns(list(NOT_CONTENT)).to_pylist()
        for path in sorted(existing_files(results))
    }


@dataclass(frozen=True)
class Journaled:
    """What the journals hold: lines by key, and the marks of the requests that were answered (`served_by`)."""

    lines: Mapping[str, bytes]
    marks: frozenset[str]
    repeats: int


def journaled(results: Path, slug: str = "*") -> Journaled:
    """Read every journal, or those of one model or judge; torn lines count as absent."""
    lines: dict[str, bytes] = {}
    marks: set[str] = set()
    repeats = 0
    for path in (path for folder in sorted((results / "journal").glob(slug)) for path in journal_files(folder)):
        for _, line in journal_lines(path):
            try:
                raw = json.loads(line)
            except ValueError:
                continue
            repeats += raw["key"] in lines
            lines.setdefault(raw["key"], line)
            marks.add(raw["reply"].get("served_by", ""))
    return Journaled(lines, frozenset(marks), repeats)


def assert_kept(before: Journaled, after: Journaled) -> None:
    """No journaled answer is lost, changed, or written a second time."""
    assert after.repeats == 0, "a request stands in the journals twice"
    assert before.lines.items() <= after.lines.items(), "an answer in the journal was lost or changed"


def assert_not_asked_again(before: Journaled, asked: Iterable[Mapping[str, Any]]) -> None:
    """No request whose answer was in the journal reached the server, and none was answered twice in one attempt."""
    asked = list(asked)
    again = {entry["mark"] for entry in asked} & before.marks
    assert not again, f"finished requests were sent again: {sorted(again)}"
    answered = Counter(entry["mark"] for entry in asked if entry["answered"])
    assert max(answered.values(), default=0) <= 1, "a request was answered twice in one attempt"


def assert_complete(project: Project, undisturbed: Mapping[str, Any] | None = None) -> None:
    """Every planned item has exactly one row with one known status, and its answer stands in the journal.

    With the content of an undisturbed run, every cell reads exactly as there.
    """
    grid, rows = project.grid(), content(project)
    assert rows.keys() == {cell.path for cell in grid.cells}, "cells are missing, or are not of the grid"
    keys = journaled(project.results).lines.keys()
    for cell in grid.cells:
        assert sorted(map(place_of, rows[cell.path])) == sorted(planned_places(grid, cell)), cell.path
        for row in rows[cell.path]:
            assert row["status"] in STATUSES, row
            assert row["status"] == "api_error" or not row["request_key"] or row["request_key"] in keys, row
    if undisturbed is not None:
        assert rows == undisturbed, "a cell reads differently than in an undisturbed run"


def place_of(row: Mapping[str, Any]) -> tuple[int, str]:
    """Return what a row holds: a round, or an item at a checkpoint."""
    return (row["round"], "") if "round" in row else (row["checkpoint"], row["item_id"])


def planned_places(grid: Grid, cell: Cell) -> list[tuple[int, str]]:
    """Return the rows that the study plans for a cell."""
    track, study = cell.track, grid.study
    if cell.benchmark is None:
        turns = user_turns(study, track)
        return [(number, "") for number in range(1, len(turns) + 1)]
    items = dict(asked_items(study, cell.benchmark, track.persona))[cell.as_persona]
    return [(t, item.id) for t in study.config.checkpoints for item in items]
