"""What a packed study says of itself: every file with its size and checksum, and the links with plain names."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from personas.core.errors import UserError
from personas.external.reference import is_inside

NAME = "manifest.json"
FORMAT = "persona-persistence study"
VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """`files`: path -> bytes and SHA-256. `links`: plain path below `results/current/` -> a path of `files`.

    `third_party`: what is not in it, by source, with licence and revision. `versions` are those that packed it.
    """

    files: Mapping[str, tuple[int, str]]
    links: Mapping[str, str]
    third_party: Mapping[str, Mapping[str, str]]
    versions: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """Return the manifest as JSON."""
        return json.dumps(
            {"format": FORMAT, "version": VERSION, **asdict(self)}, indent=1, ensure_ascii=False
        ).encode()


def read_manifest(content: bytes, where: str) -> Manifest:
    """Read a manifest; UserError if it is none, is of a later version, or names a path outside of the study."""
    try:
        raw: Mapping[str, Any] = json.loads(content)
        header = raw["format"], raw["version"]
        files = {path: (int(size), str(digest)) for path, (size, digest) in raw["files"].items()}
        manifest = Manifest(files, dict(raw["links"]), raw["third_party"], raw["versions"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{where}: its {NAME} cannot be read, expected a study that `personas pack` wrote.") from None
    if header != (FORMAT, VERSION):
        raise UserError(f"{where}: found {header[0]!r} of version {header[1]!r}, expected {FORMAT!r} of {VERSION}.")
    strange = [path for path in (*files, *manifest.links) if not is_inside(path)]
    strange += [path for path in manifest.links.values() if path not in files]
    if strange:
        raise UserError(f"{where}: found the path {strange[0]!r}, expected paths inside the study.")
    return manifest
