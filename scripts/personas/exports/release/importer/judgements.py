"""Judgements from released files: the judge's texts, tied to the released answers that they are about."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from personas.core.canonical import text_hash
from personas.core.parquet import read_table
from personas.engines.request import WITH_TEXT
from personas.exports.release.importer.columns import Columns, answer_columns, not_imported
from personas.exports.release.importer.reading import read_verdicts
from personas.exports.release.importer.sources import Sources
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.grid.judgements import read_of_item
from personas.grid.release.layout import cell_items, layout, places
from personas.grid.release.names import DATASETS, METRICS
from personas.prompts.judge.order import reference_first
from personas.prompts.thinking import strip_thinking
from personas.requests.judging import JUDGEMENT_SCHEMA
from personas.requests.tie import judged_hash

Row = Mapping[str, Any]


def imported_judgement(grid: Grid, cell: Cell, sources: Sources, results: Path) -> pa.Table:
    """Return a judgement as a table, one row for each row of the judged cell that was to be judged."""
    if cell.judged is None:
        raise ValueError(f"{cell.path}: not a judgement")
    judged_rows: list[Row] = read_table(
        results / cell.judged.path, columns=_columns_of(cell.judged), use_threads=False
    ).to_pylist()
    columns = Columns(JUDGEMENT_SCHEMA)
    rows = (
        _of_dialogue(cell, judged_rows, sources) if cell.metric else _of_responses(grid, cell, judged_rows, sources)
    )
    for row in rows:
        columns.add(**row)
    return columns.table()


def _columns_of(cell: Cell) -> list[str]:
    place = ["round"] if cell.benchmark is None else ["checkpoint", "item_id"]
    return [*place, "answer", "status", "answer_sha256"]


def _of_dialogue(cell: Cell, judged_rows: list[Row], sources: Sources) -> Iterator[dict[str, Any]]:
    column = METRICS[cell.metric or ""]
    verdicts = sources.read("dialogue", lambda text: read_verdicts(text, column, len(judged_rows)))
    for place, row in enumerate(judged_rows):
        yield {
            **_place(row, round=row["round"], checkpoint=None, item_id=None),
            **_verdict_columns(verdicts, place, row, sources, "dialogue"),
        }


def _of_responses(grid: Grid, cell: Cell, judged_rows: list[Row], sources: Sources) -> Iterator[dict[str, Any]]:
    """Rows follow the items of the persona that is judged by; their order also says which answer is A."""
    study, benchmark = grid.study, cell.benchmark or ""
    persona = cell.as_persona or cell.track.persona
    ids = layout(study, benchmark, persona)
    place_of, column = places(ids), DATASETS[study.config.kind_of(benchmark)]
    references = _References(grid, cell, judged_rows)
    verdicts = {key: sources.read(key, lambda text: read_verdicts(text, column, len(ids))) for key in cell.wanted}
    for row in judged_rows:
        key = str(row["checkpoint"])
        if key not in verdicts:
            continue  # the first checkpoint is not compared with itself
        place = place_of[row["item_id"]]
        yield {
            **_place(row, round=None, checkpoint=row["checkpoint"], item_id=row["item_id"]),
            **references.of(row, place),
            **_verdict_columns(verdicts[key], place, row, sources, key),
        }


def _place(row: Row, **place: Any) -> dict[str, Any]:
    return {**place, "judged_sha256": judged_hash(row["answer"]), "cut": False}


def _verdict_columns(
    verdicts: list[str] | str, place: int, judged_row: Row, sources: Sources, key: str
) -> dict[str, Any]:
    """Return what the judge said; on an answer without a text it counts for nothing, and is kept all the same."""
    if isinstance(verdicts, str):
        return not_imported(verdicts)
    columns = answer_columns(verdicts[place], sources.file(key), place)
    lacking = _lacking(judged_row)
    if lacking is None:
        return columns
    return {**columns, "status": lacking, "detail": f"not judged: the answer ended as {lacking}", "request_key": None}


def _lacking(judged_row: Row) -> str | None:
    if judged_row["status"] not in WITH_TEXT:
        return str(judged_row["status"])
    return None if strip_thinking(judged_row["answer"] or "")[0].strip() else "empty"


class _References:
    """What responses were compared with: hashes of the reference texts, and which of the two was answer A."""

    def __init__(self, grid: Grid, cell: Cell, judged_rows: list[Row]) -> None:
        self._against, study = cell.reference, grid.study
        self._checkpoints = list(study.config.checkpoints)
        self._hashes = {(row["checkpoint"], row["item_id"]): row["answer_sha256"] for row in judged_rows}
        self._reference_hashes: dict[str, str | None] = {}
        if cell.reference == "dataset" and cell.judged is not None:
            items = cell_items(study, cell.benchmark or "", cell.track.persona, cell.judged.as_persona)
            self._reference_hashes = {item.id: text_hash(read_of_item(study, cell.judged, item)) for item in items}

    def of(self, row: Row, place: int) -> dict[str, Any]:
        """Return the columns of the reference of an answer."""
        if self._against is None:
            return {"reference_sha256": None, "reference_is_a": None}
        return {"reference_sha256": self._hash(row), "reference_is_a": reference_first(place)}

    def _hash(self, row: Row) -> str | None:
        if self._against == "dataset":
            return self._reference_hashes[row["item_id"]]
        t = row["checkpoint"]
        earlier = self._checkpoints[0 if self._against == "zero" else self._checkpoints.index(t) - 1]
        sha256: str | None = self._hashes[earlier, row["item_id"]]
        return sha256
