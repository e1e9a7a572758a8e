"""SHA-256 of released files: 20,000 of them are read once, and then only those whose size or time has changed."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from personas.core.files import write_atomically

NAME = "released/hashes.json"
"""Where hashes are kept, below the results folder."""

_FRESH = 2.0
"""Seconds within which a file may change again without a new time on coarse clocks: not remembered."""
_BLOCK = 1 << 20

FileStamp = tuple[int, int, str]
"""Size, time of change in nanoseconds, SHA-256."""


@dataclass(frozen=True)
class Hashes:
    """Hashes by path below a folder; `seen` is what may be remembered of them."""

    of: Mapping[str, str]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, FileStamp] = field(default_factory=dict)

    def remember(self, folder: Path, results: Path) -> None:
        """Write what is known of the files of a folder, so that the next plan need not read them."""
        record = {"folder": str(folder.resolve()), "files": {path: list(seen) for path, seen in self.seen.items()}}
        write_atomically(_cache(results), json.dumps(record).encode())


def hash_files(folder: Path, paths: Iterable[str], results: Path) -> Hashes:
    """Return the SHA-256 of files below `folder`, or why one cannot be read; `results` has what was known before."""
    cache, now = _read_cache(folder, results), time.time_ns()

    def one(path: str) -> tuple[str, FileStamp | str]:
        try:
            status = (folder / path).stat()
            size, changed, digest = cache.get(path, (-1, -1, ""))
            if (size, changed) == (status.st_size, status.st_mtime_ns):
                return path, (size, changed, digest)
            return path, (status.st_size, status.st_mtime_ns, sha256_of(folder / path))
        except OSError as error:
            return path, str(error.strerror)

    with ThreadPoolExecutor(4) as pool:  # hashing and reading leave the interpreter free
        outcomes = dict(pool.map(one, paths, chunksize=64))
    seen = {path: entry for path, entry in outcomes.items() if not isinstance(entry, str)}
    return Hashes(
        of={path: digest for path, (_, _, digest) in seen.items()},
        unreadable={path: entry for path, entry in outcomes.items() if isinstance(entry, str)},
        seen={path: entry for path, entry in seen.items() if now - entry[1] > _FRESH * 1e9},
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
    return hashed.hexdigest()


def _cache(results: Path) -> Path:
    return results / NAME


def _read_cache(folder: Path, results: Path) -> dict[str, FileStamp]:
    try:
        raw = json.loads(_cache(results).read_text(encoding="utf-8"))
        if raw["folder"] != str(folder.resolve()):
            return {}
        return {
            path: (int(size), int(changed), str(digest)) for path, (size, changed, digest) in raw["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or a damaged one: read the files again
        return {}
