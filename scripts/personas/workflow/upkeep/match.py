"""Which cells on disk the patterns of a user mean."""

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from personas.core.errors import UserError
from personas.plan.disk import existing_files
from personas.workflow.links import linked_files

_CURRENT = "current/"


def matching(results: Path, patterns: Sequence[str]) -> list[str]:
    """Return the cells on disk that any of the patterns means, sorted, relative to the results folder.

    UserError names the first pattern that means none, before anything is changed.
    """
    cells = sorted(existing_files(results))
    matches: set[str] = set()
    for pattern in patterns:
        these = _matches(results, cells, pattern)
        if not these:
            raise UserError(_no_match(results, cells, pattern))
        matches |= these
    return sorted(matches)


def _matches(results: Path, cells: Sequence[str], pattern: str) -> set[str]:
    """Take the first reading of a pattern that means anything: as it stands, then without the results folder."""
    for reading in _readings(results, pattern):
        if reading.startswith(_CURRENT):
            matches = set(_behind_links(results, reading.removeprefix(_CURRENT))).intersection(cells)
        else:
            matches = {path for path in cells if _fits(path, reading)}
        if matches:
            return matches
    return set()


def _readings(results: Path, pattern: str) -> Iterator[str]:
    pattern = os.path.normpath(pattern)
    yield pattern
    for folder in (results, results.absolute(), results.resolve()):
        if pattern.startswith(f"{folder}/"):
            yield pattern.removeprefix(f"{folder}/")


def _fits(path: str, pattern: str) -> bool:
    """`*` matches slashes too; the name of a folder means everything below it."""
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}/*")


def _behind_links(results: Path, pattern: str) -> Iterator[str]:
    """Yield the files that plain names in `current/` link to."""
    return (path for plain, path in linked_files(results).items() if _fits(plain, pattern))


def _no_match(results: Path, cells: Sequence[str], pattern: str) -> str:
    problem = f"forget: no cell on disk matches {pattern!r}"
    if not cells:
        return f"{problem}; there are none below {results}."
    stage = pattern.removeprefix(f"{results}/").removeprefix(_CURRENT).split("/")[0]
    example = next((path for path in cells if path.startswith(f"{stage}/")), cells[0])
    return f"{problem}, expected a path or glob below {results} such as {example}."
