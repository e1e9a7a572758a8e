"""A data set for `datasets`: tidy tables as Parquet, and a card."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from personas.exports.formats.format import Format
from personas.exports.study_results import StudyResults


def write(results: StudyResults, folder: Path) -> Iterator[str]:
    """Write a Parquet file for each table without third-party texts, a card that names these, and how to cite."""
    from pyarrow.parquet import ParquetWriter, read_schema

    from personas.core.files import write_atomically
    from personas.exports.card import card, citation_file
    from personas.exports.files import write_tables
    from personas.exports.third_party import third_party_columns

    study = results.grid.study
    hide = partial(third_party_columns, study)
    yield from write_tables(results, folder, "parquet", ParquetWriter, hide)
    schemas = {path.stem: read_schema(path) for path in sorted(folder.glob("*.parquet"))}
    write_atomically(folder / "README.md", card(study, schemas).encode())
    write_atomically(folder / "CITATION.cff", citation_file().read_bytes())
    yield f"{folder / 'README.md'}: the card; read what it says of licences before you publish."


DATASET = Format("dataset", "Parquet with a card, for `datasets`; no third-party texts in it", write)
