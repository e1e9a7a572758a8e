"""The catalogue of third-party data: a YAML file that says where each file is and what it must look like."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, field_validator, model_validator

from personas.config.base import NonEmpty, Section, Slug
from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml
from personas.external.reference import Reference, is_inside

URLS = {
    "github": "https://raw.githubusercontent.com/{repository}/{revision}/{path}",
    "hub-dataset": "https://huggingface.co/datasets/{repository}/resolve/{revision}/{path}",
    "hub-model": "https://huggingface.co/{repository}/resolve/{revision}/{path}",
}
"""Where the hosts keep the files of a repository at a revision."""

Shape = Literal["roles", "turns", "json", "jsonl", "csv", "zip", "selene-template", "flow-judge-template"]
Remark = Literal["introductory_remark", "concluding_remark"]


class Placeholder(Section):
    """What to plan with until the file is here: its rows (where `rows` does not say), and characters of a text."""

    rows: int | None = Field(default=None, gt=0, description="rows, for each role where there are several")
    characters: int = Field(default=80, gt=0, description="typical characters of one text")


class ExternalFile(Section):
    """One file: what is checked of it, and what is known of it before it is here."""

    shape: Shape = Field(description="how it is read")
    size: int | None = Field(default=None, gt=0, description="bytes")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    git_blob: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$", description="its id in a git tree")
    rows: int | None = Field(default=None, gt=0, description="rows of the data, below the header")
    columns: tuple[NonEmpty, ...] = Field(default=(), description="columns that every row must have")
    at: NonEmpty | None = Field(default=None, description="shape json: the key of the object that holds the rows")
    roles: tuple[NonEmpty, ...] = Field(
        default=(), description="shape roles: names, in the order of the file; shape jsonl: those whose rows are used"
    )
    remarks: tuple[Remark, ...] = Field(default=(), description="shape turns: the remarks it has")
    names_role: tuple[Remark, ...] = Field(default=(), description="shape turns: the remarks that hold {role}")
    flat: NonEmpty | None = Field(default=None, description="name of the file in a folder without sub-folders")
    placeholder: Placeholder = Placeholder()

    @field_validator("flat")
    @classmethod
    def _one_name(cls, flat: str | None) -> str | None:
        if flat is not None and ("/" in flat or not is_inside(flat)):
            raise ValueError(f"found {flat!r}, expected the name of a file")
        return flat

    @model_validator(mode="after")
    def _roles_where_they_belong(self) -> "ExternalFile":
        if self.shape == "roles" and not self.roles:
            raise ValueError("roles: expected the names of the file where shape is roles")
        if self.roles and self.shape not in ("roles", "jsonl"):
            raise ValueError(f"roles: found names for shape {self.shape}, expected them for roles and jsonl only")
        return self


class Source(Section):
    """One repository at one revision, whose it is, and the files used of it."""

    title: NonEmpty
    host: Literal["github", "hub-dataset", "hub-model"]
    repository: NonEmpty
    revision: str = Field(pattern=r"^[0-9a-f]{40}$", description="commit; a branch would change under us")
    url: str | None = Field(
        default=None, pattern=r"^https?://", description="address with {repository}, {revision} and {path}"
    )
    licence: NonEmpty
    citation: NonEmpty
    homepage: NonEmpty
    files: dict[NonEmpty, ExternalFile] = Field(min_length=1, description="by path in the repository")

    @field_validator("files")
    @classmethod
    def _inside(cls, files: dict[str, ExternalFile]) -> dict[str, ExternalFile]:
        for path in files:
            if not is_inside(path):
                raise ValueError(f"found the path {path!r}, expected one inside the repository")
        return files

    def pin(self, path: str) -> dict[str, str]:
        """Return what identifies a file wherever it lies: the same before and after it was downloaded."""
        return {"host": self.host, "repository": self.repository, "revision": self.revision, "path": path}


class _Sources(Section):
    sources: dict[Slug, Source]


@dataclass(frozen=True)
class Catalogue:
    """The sources of a catalogue file, and that file's name for errors."""

    sources: Mapping[str, Source]
    name: str = field(default="catalogue", compare=False)

    def files(self, reference: Reference, where: str) -> dict[str, ExternalFile]:
        """Return the file that a reference names, or the files in the folder that it names, by their paths.

        UserError names the config field `where` if there is no such source or file.
        """
        source = self.sources.get(reference.source)
        if source is None:
            names = ", ".join(self.sources) or "none"
            raise UserError(f"{where}: found {reference.text!r}, expected a source of {self.name}: {names}.")
        inside = f"{reference.path}/" if reference.path else ""
        files = {p: f for p, f in source.files.items() if p == reference.path or p.startswith(inside)}
        if not files:
            names = ", ".join(source.files)
            raise UserError(f"{where}: found {reference.text!r}, expected a file of {reference.source}: {names}.")
        return files

    def file(self, reference: Reference, where: str, *shapes: str) -> ExternalFile:
        """Return the one file that a reference names; UserError if it names a folder, or has none of the shapes."""
        file = self.files(reference, where).get(reference.path)
        if file is None:
            raise UserError(f"{where}: found {reference.text!r}, which is a folder, expected a file.")
        if file.shape not in shapes:
            raise UserError(
                f"{where}: found {reference.text!r}, a file of shape {file.shape}, expected {' or '.join(shapes)}."
            )
        return file

    def only(self, slugs: set[str]) -> "Catalogue":
        """Return a catalogue of some of the sources."""
        return Catalogue({slug: source for slug, source in self.sources.items() if slug in slugs}, self.name)

    def to_json(self) -> dict[str, Any]:
        """Return the sources as plain JSON types."""
        return {slug: source.model_dump(mode="json") for slug, source in self.sources.items()}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any], name: str = "catalogue") -> "Catalogue":
        """Restore what `to_json` gave; UserError has one sentence for each mistake."""
        return cls(validate(_Sources, {"sources": _with_names_of_today(raw)}, name).sources, name)


def _with_names_of_today(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a raw catalogue in which `stand_in` of a file is called `placeholder`, for one release."""
    today: dict[str, Any] = json.loads(json.dumps(dict(raw), default=str))
    files = [source["files"] for source in today.values() if isinstance(source, dict) and "files" in source]
    for file in (file for entries in files if isinstance(entries, dict) for file in entries.values()):
        if isinstance(file, dict) and "stand_in" in file and "placeholder" not in file:
            file["placeholder"] = file.pop("stand_in")
            _tell_of_rename()
    return today


@cache
def _tell_of_rename() -> None:
    """Say once a process that a field has another name now."""
    message = "`stand_in` in a catalogue is called `placeholder` now; the old name is read until the next release."
    print(message, file=sys.stderr, flush=True)


def load_catalogue(path: Path) -> Catalogue:
    """Read a catalogue; UserError names file, field, what was found and what was expected."""
    return Catalogue.from_json(read_yaml(path), str(path))


def address(source: Source, path: str) -> str:
    """Return where a file is downloaded from."""
    return (source.url or URLS[source.host]).format(
        repository=source.repository, revision=source.revision, path=quote(path)
    )
