"""What lies in a results folder, and of what kind it is. Looks, and changes nothing."""

import os
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from personas.config.root import COMPLETIONS
from personas.grid.release.hashes import NAME as HASHES
from personas.plan.why.forgotten import NAME as FORGOTTEN_NOTE
from personas.requests.packed_journal import NAME as PACKED
from personas.workflow.upkeep.journals import DAMAGED

TEMPORARY = "temporary files"
LEASE = "leases of the dead"
FORGOTTEN = "forgotten answers"

_MARKED = r"[^/.][^/]*\.[0-9a-f]{16}"
_LAYOUT = {
    "dialogues": rf"dialogues(/[^/]+){{2}}/{_MARKED}\.parquet",
    "responses": rf"responses(/[^/]+){{3}}/{_MARKED}\.parquet",
    "judgements": rf"judgements/[^/]+((/[^/]+){{3}}|/{COMPLETIONS})/{_MARKED}\.parquet",
    **{folder: rf"{folder}(/[^/]+)*/{_MARKED}\.\w+" for folder in ("tables", "patterns", "figures", "report")},
    FORGOTTEN: r"journal/[^/]+/[^/]+\.forgotten",
    LEASE: r"leases/[^/]+\.lease",
}
_STAYS = re.compile(
    rf"journal/[^/]+/([^/]+\.(jsonl|{DAMAGED})|{re.escape(PACKED)})|{re.escape(FORGOTTEN_NOTE)}"
    rf"|leases|leases/\.(guard|endpoint-[^/]+)|{re.escape(HASHES)}|README\.md"
)
_WRITTEN_TO = re.compile(r"(dialogues|responses|judgements|tables|patterns|figures|journal|released)/.*")
RESULTS = ("dialogues", "responses", "judgements", "tables", "patterns", "figures", "report")
"""Kinds of files that a grid needs or does not; each is a folder below the results folder."""

_NOT_LOOKED_INTO = ("runs", "current")


@dataclass(frozen=True)
class FoundFile:
    """A file: its kind, its path below the results folder, its size in bytes."""

    kind: str
    path: str
    size: int

    @property
    def group(self) -> str:
        """What it belongs to, for people: `responses alpha gaston`; the kind where that says it all."""
        folders = self.path.split("/")[1:-1]
        return " ".join([self.kind, *folders[: 3 if self.kind == "judgements" else 2]])


@dataclass
class Survey:
    """What a results folder holds besides journals, runs and links. `needed`: result files of a grid."""

    removable: list[FoundFile] = field(default_factory=list)
    needed: list[FoundFile] = field(default_factory=list)
    unknown: list[FoundFile] = field(default_factory=list)


def survey(results: Path, needed: AbstractSet[str]) -> Survey:
    """Sort every file below the results folder. `needed`: paths of result files, relative to it."""
    result = Survey()
    for path, size in _files(results, ""):
        kind = kind_of(path)
        if kind is None:
            result.unknown.append(FoundFile("unknown", path, size))
        elif path in needed:
            result.needed.append(FoundFile(kind, path, size))
        elif kind:
            result.removable.append(FoundFile(kind, path, size))
    return result


def kind_of(path: str) -> str | None:
    """Return the kind of a file: empty for what always stays, None for what the project knows nothing of."""
    name = path.rpartition("/")[2]
    if name.startswith(".") and name.endswith(".tmp") and _WRITTEN_TO.fullmatch(path):
        return TEMPORARY
    if _STAYS.fullmatch(path):
        return ""
    return next((kind for kind, form in _LAYOUT.items() if re.fullmatch(form, path)), None)


def _files(results: Path, below: str) -> Iterator[tuple[str, int]]:
    """Yield path and size of every file; links are files, and are not followed."""
    try:
        entries = sorted(os.scandir(results / below), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        if not entry.is_dir(follow_symlinks=False):
            yield path, entry.stat(follow_symlinks=False).st_size
        elif path not in _NOT_LOOKED_INTO:
            yield from _files(results, path)
