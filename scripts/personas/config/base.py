"""What all sections share: no unknown keys, no silent conversion, and the identity contract."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, StringConstraints

SLUG_PATTERN = r"^[A-Za-z0-9](?:-?[A-Za-z0-9.])*$"

LONGEST_SLUG = 80

Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=LONGEST_SLUG)]
"""A name that stands in paths: letters, digits, dots and single dashes. `--` separates parts of file names."""

_NOT_IN_SLUGS = re.compile(r"[^a-z0-9.]+")


def slug_of(name: str) -> str:
    """Return a name as a slug: small letters, digits, dots, and dashes for the rest; empty if nothing is left.

    A name in another script has none of these letters; its slug is `u-` and eight digits of its hash.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = _NOT_IN_SLUGS.sub("-", plain).strip("-.")
    if slug or not any(letter.isalnum() for letter in name):
        return slug
    return f"u-{hashlib.sha256(compose(name).encode()).hexdigest()[:8]}"


def is_slug(name: str) -> bool:
    """Tell whether a name can be a slug; longer ones make file names that no file system takes."""
    return len(name) <= LONGEST_SLUG and re.fullmatch(SLUG_PATTERN, name) is not None


def compose(name: str) -> str:
    """Return a name in the one form (NFC) in which names are compared: some file systems decompose letters."""
    return unicodedata.normalize("NFC", name)


def files_of(paths: Iterable[Path], *endings: str) -> list[Path]:
    """Return the files with an ending among paths, sorted. Dot files are notes of file managers, never data."""
    return sorted(p for p in paths if p.name.lower().endswith(endings) and not p.name.startswith("."))


def yaml_files(paths: Iterable[Path]) -> list[Path]:
    """Return the YAML files among paths, sorted."""
    return files_of(paths, ".yaml", ".yml")


def each_once(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return what was found; ValueError where anything in it is named twice. For `field_validator`."""
    if values is not None and len(set(values)) < len(values):
        raise ValueError(f"found {list(values)}, expected each once")
    return values


NonEmpty = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Section(BaseModel):
    """A section of the config.

    `not_identity` names the fields that do not shape a result (display names, machines, prices); every other
    field is part of the digest of each cell that uses the section. A property test walks all fields.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    not_identity: ClassVar[frozenset[str]] = frozenset()

    def identity(self) -> dict[str, Any]:
        """Return the fields that shape results, as plain JSON types."""
        result: dict[str, Any] = {}
        for name in type(self).model_fields:
            if name not in self.not_identity:
                value = getattr(self, name)
                result[name] = value.identity() if isinstance(value, Section) else _plain(value)
        return result


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
