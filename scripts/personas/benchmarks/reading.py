"""Reading benchmark files: JSON, JSON Lines and CSV, with errors that name file, place, field and value."""

import csv
import io
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.benchmarks.base import Item
from personas.core.errors import UserError
from personas.core.strict_yaml import refuse_odd_file

_HALF = "\\ud"
"""Escapes of halves of surrogate pairs begin so, and some of whole ones."""

_SHOWN = 80
"""Characters of a wrong value that an error quotes."""


def quote(value: object) -> str:
    """Quote a value in an error, cut to one readable line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


@dataclass(frozen=True)
class Row:
    """One record of a file, and `where` it stands, for errors."""

    where: str
    data: Mapping[str, Any]

    def fault(self, field: str, expected: str) -> UserError:
        """Build the error for a field that is missing or wrong."""
        problem = f"is {quote(self.data[field])}" if field in self.data else "is missing"
        return UserError(f"{self.where}: field '{field}' {problem}, expected {expected}")

    def text(self, field: str) -> str:
        """Give a text that is not blank, unstripped: benchmarks compare prompts byte by byte."""
        value = self.data.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.fault(field, "a non-empty text")
        return value

    def choice(self, field: str, allowed: Collection[str]) -> str:
        """Give one of the allowed texts."""
        value = self.data.get(field)
        if not isinstance(value, str) or value not in allowed:
            raise self.fault(field, f"one of {', '.join(allowed)}")
        return value

    def texts(self, field: str) -> list[str]:
        """Give a list of at least one text, none of them blank."""
        value = self.data.get(field)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.fault(field, "a list of non-empty texts")
        return value

    def objects(self, field: str) -> list[dict[str, Any]]:
        """Give a list of objects, which may be empty."""
        value = self.data.get(field)
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self.fault(field, "a list of objects")
        return value


def read_json(path: Path) -> Row:
    """Read a file that holds one JSON object."""
    return _row(_text(path), f"{path}", "a JSON object")


def read_jsonl(path: Path) -> list[Row]:
    """Read one JSON object a line; blank lines are skipped, a file without any object is an error."""
    # Not splitlines(): that would also cut at U+2028 and friends, which JSON allows inside a text.
    lines = enumerate(_text(path).split("\n"), start=1)
    rows = [_row(line, f"{path}, line {n}", "one JSON object a line") for n, line in lines if line.strip()]
    return _not_empty(rows, path)


def read_csv(path: Path, columns: Collection[str]) -> list[Row]:
    """Read a CSV file with a header that has `columns`; row 1 is the first one below the header."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header, *lines = list(reader) or [[]]
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not valid CSV ({error}), expected RFC 4180") from None
    if twice := [column for n, column in enumerate(header) if column in header[:n]]:
        raise UserError(f"{path}, header: column {quote(twice[0])} stands there twice, expected every name once")
    if missing := [column for column in columns if column not in header]:
        expected = ", ".join(columns)
        raise UserError(f"{path}, header: column '{missing[0]}' is missing in {quote(header)}, expected {expected}")
    rows = [_csv_row(header, line, f"{path}, row {n}") for n, line in enumerate(lines, start=1) if line]
    return _not_empty(rows, path)


def unique(items: Iterable[Item], where: object) -> list[Item]:
    """Give the items as a list; two items of one role (or of everyone) with the same id are an error."""
    by_id: dict[tuple[str | None, str], Item] = {}
    for item in items:
        if (item.role, item.id) in by_id:
            role = f" of role '{item.role}'" if item.role else ""
            raise UserError(f"{where}: item id '{item.id}'{role} occurs twice, expected every id once")
        by_id[item.role, item.id] = item
    return list(by_id.values())


def _text(path: Path) -> str:
    refuse_odd_file(path)
    try:
        # utf-8-sig: spreadsheets put a byte order mark in front; newline="" keeps those inside CSV fields.
        with path.open(encoding="utf-8-sig", newline="") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: byte {error.start} is not UTF-8, expected a UTF-8 text file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}), expected a benchmark file") from None


def _row(text: str, where: str, expected: str) -> Row:
    try:
        data = json.loads(text, object_pairs_hook=_unique_keys)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{where}: bad JSON ({error.msg} at {error.lineno}:{error.colno}), expected {expected}"
        ) from None
    except KeyError as error:
        raise UserError(
            f"{where}: key {quote(error.args[0])} occurs twice in one object, expected every key once"
        ) from None
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets
        why = "nested too deeply" if isinstance(error, RecursionError) else "a number of thousands of digits"
        raise UserError(f"{where}: cannot be read ({why}), expected {expected}") from None
    if not isinstance(data, dict):
        raise UserError(f"{where}: found {quote(data)}, expected {expected}")
    if _HALF in text.lower():  # only an escape can hold one, since the file is UTF-8
        _refuse_halves(data, where)
    return Row(where, data)


def _refuse_halves(data: Mapping[str, Any], where: str) -> None:
    for field, value in data.items():
        try:
            json.dumps({field: value}, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = ascii(error.object[error.start])
            raise UserError(
                f"{where}: field {field!a} has half a character (found {half}, one of a surrogate pair), "
                "expected whole ones"
            ) from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # json.loads would keep the last of two equal keys without a word, and an item would vanish.
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise KeyError(key)
        data[key] = value
    return data


def _csv_row(header: list[str], line: list[str], where: str) -> Row:
    if len(line) != len(header):
        raise UserError(f"{where}: found {len(line)} fields, expected {len(header)} as in the header")
    return Row(where, dict(zip(header, line, strict=True)))


def _not_empty(rows: list[Row], path: Path) -> list[Row]:
    if not rows:
        raise UserError(f"{path}: the file holds no rows, expected at least one")
    return rows
