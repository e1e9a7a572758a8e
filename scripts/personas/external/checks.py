"""Checks of one downloaded file: size and checksums, then rows and columns; one sentence for the first that fails."""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from personas.benchmarks.reading import read_csv, read_json, read_jsonl
from personas.core.errors import UserError
from personas.external.catalogue import ExternalFile
from personas.prompts.judge.formats import FORMATS

_NOBODY = "empty"
"""The role without a description in the study's file: the baseline."""


def check_file(path: Path, file: ExternalFile, where: str, recorded: str | None = None) -> str:
    """Return the SHA-256 of the file at `path`; UserError, naming it `where`, if it is not what the catalogue says.

    `recorded` is the checksum of its first download, which counts where the catalogue has none.
    """
    content = path.read_bytes()
    if file.size is not None and len(content) != file.size:
        raise UserError(f"{where}: found {len(content):,} bytes, expected {file.size:,}.")
    actual = hashlib.sha256(content).hexdigest()
    for expected, who in ((file.sha256, "the catalogue"), (recorded, "its first download")):
        if expected is not None and actual != expected:
            raise UserError(f"{where}: found sha256 {actual}, expected {expected}, as {who} says.")
    if file.git_blob is not None and git_blob(content) != file.git_blob:
        raise UserError(f"{where}: found the git blob {git_blob(content)}, expected {file.git_blob}.")
    check_shape(path, file, where)
    return actual


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob(content: bytes) -> str:
    """Return the id that git gives a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def check_shape(path: Path, file: ExternalFile, where: str) -> None:
    """Check rows and columns; UserError, naming the file `where`, for the first thing that is wrong."""
    try:
        rows = _ROWS[file.shape](path, file)
    except UserError as error:
        raise UserError(str(error).replace(str(path), where)) from None
    if file.rows is not None and rows != file.rows:
        raise UserError(f"{where}: found {rows} rows, expected {file.rows}.")


def _roles(path: Path, file: ExternalFile) -> int:
    roles = read_json(path).data
    if missing := [role for role in file.roles if not str(roles.get(role) or "").strip()]:
        raise UserError(f"{path}: found no description of {missing[0]!r}, expected one.")
    if extra := [role for role in roles if role not in (*file.roles, _NOBODY)]:
        raise UserError(f"{path}: found the role {extra[0]!r}, expected {', '.join(file.roles)}.")
    return len(roles)


def _turns(path: Path, file: ExternalFile) -> int:
    script = read_json(path)
    questions = script.texts("questions")
    for remark in file.remarks:
        if ("{role}" in script.text(remark)) != (remark in file.names_role):
            expected = "it" if remark in file.names_role else "none"
            raise script.fault(remark, f"a text with {{role}} only where the catalogue says so, here {expected}")
    if any("{role}" in question for question in questions):
        raise UserError(f"{path}: found {{role}} in a question, expected it only in remarks.")
    return len(questions)


def _json(path: Path, file: ExternalFile) -> int:
    document = read_json(path)
    rows = document.data.get(file.at) if file.at else document.data
    if not isinstance(rows, dict | list):
        raise document.fault(str(file.at), "an object or a list with the rows")
    _columns(path, rows.values() if isinstance(rows, dict) else rows, file)
    return len(rows)


def _jsonl(path: Path, file: ExternalFile) -> int:
    rows = read_jsonl(path)
    _columns(path, (row.data for row in rows), file)
    roles = {row.data.get("role") for row in rows} if file.roles else set()
    if lacking := [role for role in file.roles if role not in roles]:
        raise UserError(f"{path}: found no row of role {lacking[0]!r}, expected rows of {', '.join(file.roles)}.")
    return len(rows)


def _csv(path: Path, file: ExternalFile) -> int:
    return len(read_csv(path, file.columns))


def _zip(path: Path, file: ExternalFile) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
            names = archive.namelist()
    except zipfile.BadZipFile:
        broken, names = "it", []
    if broken:
        raise UserError(f"{path}: {broken} cannot be read, expected a whole zip archive.")
    return len(names)


def _template(path: Path, file: ExternalFile) -> int:
    """Check that there is a template; which names it must have depends on what it is for."""
    FORMATS[file.shape].read(path)
    return 1


def _columns(path: Path, rows: Iterable[Any], file: ExternalFile) -> None:
    for number, row in enumerate(rows, start=1):
        lacking = [name for name in file.columns if not isinstance(row, Mapping) or name not in row]
        if lacking:
            raise UserError(f"{path}, row {number}: found no {lacking[0]!r}, expected {', '.join(file.columns)}.")


_ROWS: Mapping[str, Callable[[Path, ExternalFile], int]] = {
    "roles": _roles,
    "turns": _turns,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "zip": _zip,
    **dict.fromkeys(FORMATS, _template),
}
