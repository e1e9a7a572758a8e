"""The released files of one cell: read on demand, each fault kept as a sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from personas.exports.release.importer.columns import File, Origin
from personas.exports.release.importer.reading import FileFault, text_of
from personas.grid.cells import Cell
from personas.grid.release.release import Release

T = TypeVar("T")


@dataclass(frozen=True)
class Sources:
    """The released files of a cell; what is read, missing or wrong is noted in `origin`."""

    release: Release
    cell: Cell
    origin: Origin

    def file(self, key: str) -> File:
        """Return the file of a key, which must be there."""
        path = self.cell.sources[key]
        return File(path, self.release.files[path])

    def read(self, key: str, shape: Callable[[str], T]) -> T | str:
        """Return what a file holds, or in one sentence why it cannot be used."""
        if key not in self.cell.sources:
            path = self.cell.wanted[key]
            self.origin.missing.append(path)
            return f"the release has no usable {path}"
        file = self.file(key)
        self.origin.files[file.path] = file.sha256
        try:
            return shape(text_of(Path(self.release.folder) / file.path, file.sha256))
        except FileFault as fault:
            self.origin.faults[file.path] = str(fault)
            return f"{file.path}: {fault}"
