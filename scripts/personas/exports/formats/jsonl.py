"""Tidy tables as JSON Lines."""

from collections.abc import Iterator
from pathlib import Path

from personas.exports.formats.format import Format
from personas.exports.study_results import StudyResults


def write(results: StudyResults, folder: Path) -> Iterator[str]:
    """Write a file for each table: an object a line, UTF-8, null where there is no value."""
    from personas.exports.files import LinesWriter, write_tables

    yield from write_tables(results, folder, "jsonl", lambda path, schema: LinesWriter(path))


JSONL = Format("jsonl", "the same tidy tables as JSON Lines", write)
