"""Rows of imported cells, collected column by column: there are millions of them."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from personas.core.canonical import text_hash
from personas.engines.request import Status
from personas.exports.release.importer.reading import repair


@dataclass
class Columns:
    """Columns of a table with a schema; one that is never given is null in every row."""

    schema: pa.Schema
    values: dict[str, list[Any]] = field(default_factory=dict)
    rows: int = 0

    def add(self, **row: Any) -> None:
        """Add a row; every row names the same columns."""
        for name, value in row.items():
            self.values.setdefault(name, []).append(value)
        self.rows += 1

    def table(self) -> pa.Table:
        """Return the table."""
        arrays = [
            pa.array(self.values[f.name], f.type) if f.name in self.values else pa.nulls(self.rows, f.type)
            for f in self.schema
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)


@dataclass(frozen=True)
class File:
    """A released file as rows name it: its path in the release, and the SHA-256 of its content."""

    path: str
    sha256: str

    def key(self, place: int) -> str:
        """Return what stands for the request of the entry at a place: equal in files of equal content."""
        return hashlib.sha256(f"released {self.sha256} {place}".encode()).hexdigest()


@dataclass
class Origin:
    """What a cell says of the released files it is made from; paths are below the release.

    `missing` are files that are not there, `faults` tell what is wrong with a file, `notes` what is odd about one.
    `order` is that of the baseline's answers to the questions of all personas, where it was matched or named.
    """

    files: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    order: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        fields = {"files": self.files, "missing": self.missing, "faults": self.faults, "notes": self.notes}
        return {**fields, **({} if self.order is None else {"order": self.order})}


BLOCKED = "null in the release: the answer was blocked"
MENDED = "half characters in it were replaced"


def answer_columns(text: str | None, file: File, place: int) -> dict[str, Any]:
    """Return the columns of an answer that a file has."""
    status, detail = _status(text)
    if text is not None:
        text, was_repaired = repair(text)
        detail = MENDED if was_repaired else detail
    return {
        "answer": text,
        "status": status,
        "detail": detail,
        "served_by": f"released {file.path}",
        "answer_sha256": text_hash(text),
        "request_key": file.key(place),
    }


def not_imported(why: str) -> dict[str, Any]:
    """Return the columns of an answer that no file has."""
    columns = dict.fromkeys(("answer", "served_by", "answer_sha256", "request_key"))
    return {**columns, "status": "not_imported", "detail": why}


def _status(text: str | None) -> tuple[Status, str | None]:
    if text is None:
        return "blocked", BLOCKED
    return ("ok" if text.strip() else "empty"), None
