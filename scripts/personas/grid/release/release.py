"""A release: the folder of released files, what each is by its name, and the SHA-256 of each to import."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personas.core.errors import UserError
from personas.grid.release.hashes import Hashes, hash_files
from personas.grid.release.names import NameFault, Vocabulary, parse

SUMMARIES = {
    "ifbench": "results/ifbench_results.json",
    "round-lengths": "results/round_lengths.csv",
    "bfi-ratings": "results/bfi_ratings.csv",
}
"""Released tables that are imported as tables of their own, by the name these get."""
_NO_OUTPUT = "no output of the study"
_PICKLES = (".pkl", ".pickle")
_PICKLE = "a pickle, which could run code: never loaded; the same is computed from the other files"


@dataclass(frozen=True)
class Release:
    """What stands in a released folder. Paths are below it.

    `files`: SHA-256 of each file whose name is understood. `faults`: what is wrong with a name, or why a file cannot
    be read. `ignored`: why a file is not imported. Every file of the folder stands in one of them, but for what
    version control keeps.
    """

    folder: str
    vocabulary: Vocabulary
    files: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    hashes: Hashes | None = field(default=None, compare=False)

    def remember(self, results: Path) -> None:
        """Keep the hashes for the next plan, where they were taken in this process."""
        if self.hashes is not None:
            self.hashes.remember(Path(self.folder), results)

    def present(self, paths: Mapping[str, str]) -> dict[str, str]:
        """Return those of `paths` (key -> path) that are there."""
        return {key: path for key, path in paths.items() if path in self.files}

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "folder": self.folder,
            "roles": list(self.vocabulary.roles),
            "models": list(self.vocabulary.models),
            "files": dict(self.files),
            "faults": dict(self.faults),
            "ignored": dict(self.ignored),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Release":
        """Restore what `to_json` gave."""
        vocabulary = Vocabulary(tuple(raw["roles"]), tuple(raw["models"]))
        return cls(raw["folder"], vocabulary, raw["files"], raw["faults"], raw["ignored"])


def open_release(folder: Path, roles: Sequence[str], directories: Mapping[str, str], results: Path) -> Release:
    """Look at a released folder; UserError where it is none, or lacks a model's folder.

    `roles` are those of the personas, `directories` the folder of each released model by its place in the config;
    `results` may hold hashes of an earlier plan. A JSON file in the place of the folder says what one held: enough to
    plan with, where all that is made of it is here.
    """
    if folder.suffix == ".json" and folder.is_file():
        return Release.from_json(json.loads(folder.read_text(encoding="utf-8")))
    if not (folder / "generations").is_dir():
        raise UserError(
            f"release.folder: found {str(folder)!r}, which has no folder generations, "
            "expected a checkout of the study's repository; name one by release.folder."
        )
    entries = [entry for entry in (folder / "generations").iterdir() if entry.is_dir()]
    models = sorted(entry.name for entry in entries if entry.name == entry.name.encode(errors="replace").decode())
    for where, directory in directories.items():
        if directory not in models:
            raise UserError(f"{where}.directory: found {directory!r}, expected one of {', '.join(models) or 'none'}.")
    vocabulary = Vocabulary(tuple(roles), tuple(models))
    paths, faults, ignored = _sort_out(folder, vocabulary)
    hashes = hash_files(folder, paths, results)
    faults |= {path: f"cannot be read ({why}), expected a file" for path, why in hashes.unreadable.items()}
    return Release(str(folder), vocabulary, hashes.of, faults, ignored, hashes)


def _sort_out(folder: Path, vocabulary: Vocabulary) -> tuple[list[str], dict[str, str], dict[str, str]]:
    paths, faults, ignored = list[str](), dict[str, str](), dict[str, str]()
    for path in sorted(_walk(folder, "")):
        readable = path.encode(errors="replace").decode()
        if path != readable:
            faults[readable] = "found a name that is not UTF-8, expected one in UTF-8"
        elif path.endswith("/"):
            ignored[path.rstrip("/")] = "a link to a folder that it stands in"
        elif path.endswith(_PICKLES):
            ignored[path] = _PICKLE
        elif path in SUMMARIES.values():
            paths.append(path)
        elif path.startswith(("generations/", "metrics/", "results/premise/")) and "/." not in path:
            try:
                parse(path, vocabulary)
                paths.append(path)
            except NameFault as fault:
                faults[path] = str(fault)
        else:
            ignored[path] = _NO_OUTPUT
    return paths, faults, ignored


def _walk(folder: Path, inside: str, above: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the paths of all files, not those of version control; a link to a folder `above` it ends in a slash."""
    above |= {os.path.realpath(folder / inside)}
    try:
        entries = list(os.scandir(folder / inside))
    except OSError as error:
        raise UserError(
            f"release.folder: {folder / inside} cannot be read ({error.strerror}), expected a folder."
        ) from None
    for entry in entries:
        path = f"{inside}/{entry.name}" if inside else entry.name
        if not entry.is_dir():
            yield path
        elif os.path.realpath(entry.path) in above:
            yield f"{path}/"
        elif entry.name != ".git":
            yield from _walk(folder, path, above)
