"""A study as five tidy tables, made part by part, so that one of millions of rows fits into little memory."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from personas.core.parquet import read_schema, read_table
from personas.exports.scores import Scores
from personas.exports.study_results import StudyResults
from personas.grid.cells import STAGES, Cell, Stage
from personas.requests.judging import JUDGEMENT_SCHEMA
from personas.requests.transcript import DIALOGUE_SCHEMA, RESPONSE_SCHEMA
from personas.scoring.table import RATINGS_SCHEMA

_TRACK = [
    *((name, pa.string()) for name in ("model", "persona", "condition", "order")),
    ("replicate", pa.int32()),
    ("intervention", pa.string()),
]
_WHOSE = ("reference_persona", pa.string())
_RESPONSE = [("benchmark", pa.string()), _WHOSE]
_JUDGEMENT = [("judge", pa.string()), ("metric", pa.string()), ("reference", pa.string())]
IDENTITY = {
    "dialogues": pa.schema([*_TRACK, _WHOSE, ("digest", pa.string())]),
    "responses": pa.schema([*_TRACK, *_RESPONSE, ("digest", pa.string())]),
    "judgements": pa.schema([*_JUDGEMENT, *_TRACK, *_RESPONSE, ("digest", pa.string())]),
}
"""The columns that say whose a row is; `digest` stands in the name of the cell's file."""
_OWN = {"dialogues": DIALOGUE_SCHEMA, "responses": RESPONSE_SCHEMA, "judgements": JUDGEMENT_SCHEMA}

Hide = Callable[[Cell], Collection[str]]
"""Columns of a cell whose texts are left out."""


@dataclass(frozen=True)
class TidyTable:
    """A table: its name, its columns, and its rows, part by part."""

    name: str
    schema: pa.Schema
    parts: Callable[[], Iterable[pa.Table]]


def nothing(cell: Cell) -> Collection[str]:
    """Leave nothing out."""
    return ()


def tidy_tables(results: StudyResults, hide: Hide = nothing) -> Iterator[TidyTable]:
    """Yield dialogues, responses and judgements of the cells on disk, then ratings and values, where they are made.

    Dialogues and responses have a column for each score of their answers (`scores.column_name`).
    """
    for stage in STAGES:
        cells = [cell for cell in results.cells if cell.stage == stage]
        if cells:
            yield _cells(results, stage, cells, hide)
    if ratings := [path for family in ("ratings", "completion_ratings") for path in results.files(family)]:
        yield TidyTable(
            "ratings", RATINGS_SCHEMA, lambda: (_as(read_table(path), RATINGS_SCHEMA) for path in ratings)
        )
    for path in results.files("values"):
        yield TidyTable("values", read_schema(path).remove_metadata(), partial(_whole, path))


def _cells(results: StudyResults, stage: Stage, cells: Collection[Cell], hide: Hide) -> TidyTable:
    scores = None if stage == "judgements" else Scores(results, stage == "dialogues")
    names = scores.names if scores else []
    schema = pa.schema([*IDENTITY[stage], *_OWN[stage], *((name, pa.float64()) for name in names)])

    def parts() -> Iterator[pa.Table]:
        for cell in cells:
            table = _as(read_table(results.folder / cell.path), _OWN[stage])
            score_columns = list(scores.beside(cell, table)) if scores else []
            for name in hide(cell):
                table = table.set_column(
                    table.schema.get_field_index(name), name, pa.nulls(table.num_rows, pa.string())
                )
            fields = identity(cell)
            whose = [pa.repeat(pa.scalar(fields[f.name], f.type), table.num_rows) for f in IDENTITY[stage]]
            yield pa.Table.from_arrays([*whose, *table.columns, *score_columns], schema=schema)

    return TidyTable(stage, schema, parts)


def identity(cell: Cell) -> dict[str, str | int | None]:
    """Return what says whose the rows of a cell are, by column."""
    return {
        **vars(cell.track),
        "benchmark": cell.benchmark,
        "reference_persona": cell.as_persona,
        "judge": cell.judge,
        "metric": cell.kind,
        "reference": cell.reference,
        "digest": cell.digest,
    }


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the columns of a schema; one that files of earlier versions lack is null."""
    there = set(table.schema.names)
    columns = [
        table.column(f.name).cast(f.type) if f.name in there else pa.nulls(table.num_rows, f.type) for f in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _whole(path: Path) -> Iterator[pa.Table]:
    yield read_table(path).replace_schema_metadata(None)
