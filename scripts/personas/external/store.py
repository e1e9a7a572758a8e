"""Where third-party files lie, `<folder>/<source>/<path>`, and whether they are what the catalogue names."""

import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from filelock import FileLock

from personas.config import Config
from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.external.catalogue import Catalogue, ExternalFile, load_catalogue
from personas.external.checks import check_file, sha256_of
from personas.external.reference import Reference, reference

CHECKSUMS = "checksums.json"
"""What was recorded of each file when it came: revision and SHA-256."""


@dataclass(frozen=True)
class Store:
    """A folder of third-party files, and the catalogue that says what they are."""

    folder: Path
    catalogue: Catalogue

    def path(self, source: str, path: str) -> Path:
        """Return where a file lies, or will lie."""
        return self.folder / source / path

    def entry(self, source: str, path: str) -> ExternalFile:
        """Return what the catalogue says of a file."""
        return self.catalogue.sources[source].files[path]

    def recorded_sha256(self, source: str, path: str) -> str | None:
        """Return the checksum recorded of this file at this revision, if it was ever here."""
        record = self._records.get(f"{source}/{path}")
        revision = self.catalogue.sources[source].revision
        return record["sha256"] if record and record["revision"] == revision else None

    def find(self, source: str, path: str) -> Path | None:
        """Return the path of a file that is here, None if it has to be fetched.

        A file of an earlier revision is as good as none. UserError if the content is not what was pinned.
        """
        here, file = self.path(source, path), self.entry(source, path)
        recorded = self.recorded_sha256(source, path)
        if not here.is_file() or (recorded is None and f"{source}/{path}" in self._records):
            return None
        if file.shape == "zip" and not unpacked_folder(here).is_dir():
            return None
        try:
            self._check(here, file, recorded)
        except UserError as error:
            raise UserError(f"{error} Remove it, and fetch it again: personas fetch --data.") from None
        return here

    def _check(self, here: Path, file: ExternalFile, checksum: str | None) -> None:
        expected = file.sha256 or checksum
        if expected is None:  # somebody put it there
            check_file(here, file, str(here))
        elif (actual := sha256_of(here)) != expected:
            raise UserError(f"{here}: found sha256 {actual}, expected {expected}.")

    def keep(self, source: str, path: str, new_file: Path) -> None:
        """Check a file that arrived at `new_file`, move it to its place, record it; UserError if it is not right."""
        here = self.path(source, path)
        sha256 = check_file(new_file, self.entry(source, path), str(here), self.recorded_sha256(source, path))
        here.parent.mkdir(parents=True, exist_ok=True)
        if self.entry(source, path).shape == "zip":
            _unpack(new_file, unpacked_folder(here))
        new_file.replace(here)
        record = {"revision": self.catalogue.sources[source].revision, "sha256": sha256}
        with FileLock(self.folder / ".lock"):  # files are fetched side by side, and each adds to the same records
            records = self._read_records() | {f"{source}/{path}": record}
            content = json.dumps(dict(sorted(records.items())), indent=1) + "\n"
            write_atomically(self.folder / CHECKSUMS, content.encode())
        self._records.update(records)

    @cached_property
    def _records(self) -> dict[str, Mapping[str, str]]:
        return self._read_records()

    def _read_records(self) -> dict[str, Mapping[str, str]]:
        file = self.folder / CHECKSUMS
        try:
            records: dict[str, Mapping[str, str]] = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise UserError(f"{file}: cannot be read ({error}), expected JSON; remove it to record anew.") from None
        return records


def open_store(config: Config, root: Path = Path()) -> Store:
    """Return the store of a config's third-party files; the catalogue is read only where the config names any.

    UserError names the field of a reference to what is not in the catalogue.
    """
    folder, by_field = root / config.machine.data_folder, references(config)
    if not by_field:
        return Store(folder, Catalogue({}))
    catalogue = load_catalogue(root / config.sources)
    for where, ref in by_field.items():
        catalogue.files(ref, where)
    return Store(folder, catalogue.only({wanted.source for wanted in by_field.values()}))


def references(config: Config) -> dict[str, Reference]:
    """Return the references that stand in a config, by their fields."""
    paths: dict[str, str | None] = {"personas.roles": config.personas.roles}
    for slug, condition in config.conditions.items():
        paths |= {f"conditions.{slug}.segments.{n}.turns": p.turns for n, p in enumerate(condition.segments)}
        paths[f"conditions.{slug}.turns"] = condition.turns
    for slug, section in config.benchmarks.items():
        paths |= {f"benchmarks.{slug}.{key}": getattr(section, key) for key in ("items", "labels", "nltk")}
    paths |= {f"judges.{slug}.template": judge.template for slug, judge in config.judges.items()}
    paths |= {f"calibration.labels.{slug}.file": section.file for slug, section in config.human.items()}
    by_field = {where: reference(path) for where, path in paths.items() if path is not None}
    return {where: ref for where, ref in by_field.items() if ref is not None}


def unpacked_folder(archive: Path) -> Path:
    """Return the folder that an archive is unpacked to, beside it."""
    return archive.with_suffix("")


def _unpack(archive: Path, folder: Path) -> None:
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    with zipfile.ZipFile(archive) as zip_file:
        zip_file.extractall(temporary)  # zipfile keeps names inside the folder; pinned by a checksum
    inner = temporary / folder.name  # archives of NLTK hold one folder of their own name
    shutil.rmtree(folder, ignore_errors=True)
    (inner if inner.is_dir() else temporary).rename(folder)
    shutil.rmtree(temporary, ignore_errors=True)
