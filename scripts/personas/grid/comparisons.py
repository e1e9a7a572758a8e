"""What a comparison is with: where it lies, that it is what is expected, and the hash that identifies it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from personas.config import Config
from personas.config.analysis.comparison import Comparison
from personas.config.base import files_of
from personas.core.errors import UserError
from personas.grid.value_columns import VALUE_DTYPES

PUBLISHED = Path(__file__).resolve().parents[3] / "data" / "published"
"""The numbers that come with the project."""

VALUES = Path("current", "tables", "values.parquet")


def comparison_hashes(config: Config, root: Path) -> dict[str, str]:
    """Return the hash of what each comparison is with, by slug, where it is a file; UserError where it cannot be."""
    return {slug: digest for slug in config.comparison for digest in _file_hash(config, slug, root)}


def content(section: Comparison, root: Path) -> list[Path]:
    """Return the files that a comparison is with, none where it is with something of its own run."""
    if section.published is not None:
        return published_files(PUBLISHED if section.published is True else root / section.published)
    return [root / Path(section.results).expanduser() / VALUES] if section.results is not None else []


def published_files(path: Path) -> list[Path]:
    """Return a CSV file of published numbers, or those of a folder by name; UserError where there is none."""
    files = files_of(path.iterdir(), ".csv") if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise UserError(f"{path}: no such file, expected a CSV file of published numbers, or a folder with some.")
    return files


def unchanged_files(config: Config, slug: str, root: Path, digest: str) -> list[Path]:
    """Return the files that a comparison is with; UserError if they are no longer those that were planned."""
    files = content(config.comparison[slug], root)
    if _hash(files) != digest:
        raise UserError(f"comparison.{slug}: {files[0]} has changed since the plan; start again.")
    return files


def _file_hash(config: Config, slug: str, root: Path) -> Iterator[str]:
    section = config.comparison[slug]
    if section.published is not None:
        # Only for who compares: whoever makes cells needs no pandas, which takes a third of a second to load.
        from personas.grid.published_numbers import published_numbers

        published_numbers(PUBLISHED if section.published is True else root / section.published)
    if section.results is not None:
        _check_values(slug, content(section, root)[0], root / config.results / VALUES)
    files = content(section, root)
    if files:
        yield _hash(files)


def _check_values(slug: str, other: Path, own: Path) -> None:
    """Refuse what is no table of values of another run."""
    where = f"comparison.{slug}.results"
    if other.resolve() == own.resolve() and other.exists():
        raise UserError(f"{where}: found the results folder of this run, expected that of another.")
    try:
        columns = set(pq.read_schema(other).names)
    except FileNotFoundError:
        raise UserError(f"{where}: no file {other}, expected the results folder of a finished run.") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{where}: {other} cannot be read ({error}), expected a table of values.") from None
    if missing := [name for name in VALUE_DTYPES if name not in columns]:
        raise UserError(f"{where}: {other} has no column {missing[0]!r}, expected a table of values.")


def _hash(files: list[Path]) -> str:
    hashed = hashlib.sha256()
    try:
        for file in files:
            hashed.update(hashlib.sha256(file.read_bytes()).digest())
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror}), expected what is compared.") from None
    return hashed.hexdigest()
