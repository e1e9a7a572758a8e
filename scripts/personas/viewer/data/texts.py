"""The rows of one cell with their texts: the beginning of each, and where all of it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personas.grid.cells import Cell
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.database import Row, files
from personas.viewer.data.filters import Where
from personas.viewer.text import LONGEST

_TEXTS = {
    "dialogues": ("user", "answer", "reasoning"),
    "responses": ("prompt", "answer", "reasoning"),
    "judgements": ("answer", "reasoning"),
}
_PLACES = {
    "dialogues": ("round",),
    "responses": ("checkpoint", "item_id"),
    "judgements": ("round", "checkpoint", "item_id", "judged_sha256", "cut"),
}
_KNOWN = ("status", "detail", "answer_sha256", "completion_tokens")


def rows_of(corpus: Corpus, cell: Cell, where: Where | None = None, *, more: str = "") -> list[Row]:
    """Return rows of a cell, in the order of the file (`row`, from 0), each text cut to `LONGEST` characters.

    `<text>_cut` tells whether it was. `more` may end the query with a limit.
    """
    where = where or Where()
    texts = (
        f'left("{name}", {LONGEST}) AS "{name}", length("{name}") > {LONGEST} AS {name}_cut'
        for name in _TEXTS[cell.stage]
    )
    columns = ", ".join([*_PLACES[cell.stage], *_KNOWN, *texts])
    query = f"""
        SELECT file_row_number AS row, {columns} FROM read_parquet($files, file_row_number = true)
        WHERE {where.sql} ORDER BY file_row_number {more}
    """
    return corpus.database.rows(query, {**where.parameters, "files": files([corpus.path(cell)])})


def whole(corpus: Corpus, cell: Cell, row: int, column: str) -> str | None:
    """Return all of one text; None where there is none."""
    if column not in _TEXTS[cell.stage]:
        return None
    query = (
        f'SELECT "{column}" AS said FROM read_parquet($files, file_row_number = true) WHERE file_row_number = $row'
    )
    rows = corpus.database.rows(query, {"files": files([corpus.path(cell)]), "row": row})
    return rows[0]["said"] if rows else None


def ratings_of_track(corpus: Corpus, cell: Cell, source: str, where: Where | None = None) -> list[Row]:
    """Return the ratings of a dialogue's answers, or of its responses to a benchmark."""
    where, track = where or Where(), cell.track
    for name in ("persona", "condition", "order", "replicate"):
        where = where.plus(f'"{name}" = ${name}', **{name: getattr(track, name)})
    return _ratings(corpus.ratings(source, track), where, corpus)


def _ratings(tables: list[Path], where: Where, corpus: Corpus) -> list[Row]:
    if not tables:
        return []
    query = f"""
        SELECT round, checkpoint, item_id, judge, metric, label, reference, reference_persona, status, value,
               judged_sha256, cut
        FROM read_parquet($files) WHERE {where.sql} ORDER BY metric, judge, reference_persona, reference
    """
    return corpus.database.rows(query, {**where.parameters, "files": files(tables)})


def by(rows: list[Row], *names: str) -> Mapping[Any, list[Row]]:
    """Return rows by what they have in some columns."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        groups.setdefault(key[0] if len(names) == 1 else key, []).append(row)
    return groups
