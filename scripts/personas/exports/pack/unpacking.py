"""`personas unpack`: the study of a file, checked before any of it counts as there."""

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from personas.core.errors import UserError
from personas.exports.pack.manifest import NAME, Manifest, read_manifest

_LONGEST_MANIFEST = 1 << 30


def unpack(file: Path, folder: Path) -> Iterator[str]:
    """Put the study of a file into a new or empty folder, all of it or nothing; yield what to tell about it.

    UserError if the file is no packed study, holds another file than it says, or one whose place is elsewhere.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: found something there, expected no such folder, or an empty one.")
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _checked_manifest(archive, file)
            folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            try:
                _extract(archive, manifest, temporary, file)
                _link(manifest, temporary)
                temporary.chmod(0o777 & ~_umask())
                if folder.exists():
                    folder.rmdir()
                temporary.rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise UserError(f"{file}: cannot be read ({error}), expected a study that `personas pack` wrote.") from None
    yield f"{folder}: {len(manifest.files):,} files, all as they were packed."
    for slug, terms in manifest.third_party.items():
        yield f"Not in it: texts of {slug} ({terms['licence']}); `personas fetch --data -c config.yaml` brings them."


def _checked_manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    """Return the manifest of an archive that holds exactly the files that it names."""
    entries = {info.filename: info for info in archive.infolist()}
    if NAME not in entries or entries[NAME].file_size > _LONGEST_MANIFEST:
        raise UserError(f"{file}: has no {NAME}, expected a study that `personas pack` wrote.")
    manifest = read_manifest(archive.read(NAME), str(file))
    if len(entries) != len(archive.infolist()):
        raise UserError(f"{file}: holds a file twice, expected each once.")
    if strange := entries.keys() ^ {*manifest.files, NAME}:
        raise UserError(f"{file}: {min(strange)!r} is in it or in its {NAME} only, expected both.")
    for name, info in entries.items():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or info.is_dir():
            raise UserError(f"{file}: {name!r} is a link or the like, expected files only.")
    return manifest


def _extract(archive: zipfile.ZipFile, manifest: Manifest, folder: Path, file: Path) -> None:
    for name, (size, digest) in manifest.files.items():
        path, checksum, remaining = folder / name, hashlib.sha256(), size
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as stream, path.open("xb") as target:
            while block := stream.read(1 << 20):
                remaining -= len(block)
                if remaining < 0:
                    break
                target.write(block)
                checksum.update(block)
        if remaining or checksum.hexdigest() != digest:
            raise UserError(f"{file}: {name!r} is not what was packed, expected the same bytes; get the file anew.")


def _link(manifest: Manifest, folder: Path) -> None:
    """Make the links with plain names that people open."""
    for plain, path in manifest.links.items():
        link = folder / "results/current" / plain
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(folder / path, link.parent))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
