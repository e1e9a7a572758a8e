"""Tidy tables as CSV."""

from collections.abc import Iterator
from pathlib import Path

from personas.exports.formats.format import Format
from personas.exports.study_results import StudyResults


def write(results: StudyResults, folder: Path) -> Iterator[str]:
    """Write a file for each table: UTF-8, texts in quotation marks, nothing where there is no value."""
    from pyarrow.csv import CSVWriter

    from personas.exports.files import write_tables

    yield from write_tables(results, folder, "csv", lambda path, schema: CSVWriter(path, schema))


CSV = Format("csv", "tidy tables as CSV: dialogues, responses, judgements, ratings...", write)
