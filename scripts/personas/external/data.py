"""Fetch third-party files: from where they are published, a mirror, or a folder."""

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock

from personas.config import Config
from personas.core.errors import UserError
from personas.external.catalogue import ExternalFile, address
from personas.external.store import Store
from personas.external.transport import Patience, download


@dataclass(frozen=True)
class Origin:
    """Where files come from: folders, looked at in their order; a mirror; or (neither) where they are published."""

    folders: Sequence[Path] = ()
    mirror: str | None = None
    patience: Patience = field(default_factory=Patience)

    @classmethod
    def of(cls, config: Config, folders: Sequence[Path] = (), mirror: str | None = None) -> "Origin":
        """Return what is asked for, or else what the section `machine` names."""
        if folders or mirror is not None:
            return cls(folders, mirror)
        copy = config.machine.data_copy
        return cls((Path(copy).expanduser(),) if copy else (), config.machine.data_mirror)


def fetch_files(
    store: Store, files: Sequence[tuple[str, str]], origin: Origin, say: Callable[[str], None] = print
) -> None:
    """Fetch some files, each given by source and path.

    UserError has one sentence for each file that did not come, with where to put it by hand.
    """
    failures: list[str] = []
    for source, path in files:
        try:
            _fetch(store, source, path, origin)
            say(f"{store.path(source, path)}: here.")
        except UserError as error:
            failures.append(f"{error} To put it there by hand: {store.path(source, path)}.")
    if failures:
        raise UserError("\n".join(failures))


def _fetch(store: Store, source: str, path: str, origin: Origin) -> None:
    mark = hashlib.sha256(f"{source}/{path}".encode()).hexdigest()[:24]
    parts = _parts(store)
    parts.mkdir(parents=True, exist_ok=True)
    lock = parts / f"{mark}.lock"
    with FileLock(lock):  # two runs may want the same file, and would write the same part
        try:
            if store.find(source, path) is None:
                with _arrival(store, source, path, origin) as arrived:
                    store.keep(source, path, arrived)
        finally:
            lock.unlink(missing_ok=True)  # while it is held: whoever waits for it notices, and makes another


def _parts(store: Store) -> Path:
    return store.folder / ".parts"


@contextlib.contextmanager
def _arrival(store: Store, source: str, path: str, origin: Origin) -> Iterator[Path]:
    """Yield a copy of the file in the store's own folder of parts, so that moving it is one step."""
    parts = _parts(store)
    if origin.folders:
        original = _in_folders(origin.folders, source, path, store.entry(source, path))
        with tempfile.TemporaryDirectory(dir=parts) as temporary:
            yield Path(shutil.copyfile(original, Path(temporary) / "copy"))
        return
    url = address(store.catalogue.sources[source], path)
    if origin.mirror is not None:
        url = f"{origin.mirror.rstrip('/')}/{source}/{quote(path)}"
    copy = download(
        url, parts, store.entry(source, path).sha256 or store.recorded_sha256(source, path), origin.patience
    )
    try:
        yield copy
    finally:
        copy.unlink(missing_ok=True)  # not what was expected: the next attempt begins anew


def _in_folders(folders: Sequence[Path], source: str, path: str, file: ExternalFile) -> Path:
    """Find a file in folders laid out as ours, flat, or checkouts of the source; UserError names the places."""
    names = [f"{source}/{path}", *([file.flat] if file.flat else []), path]
    places = [folder / name for folder in folders for name in names]
    for place in places:
        if place.is_file():
            return place
    raise UserError(f"{' and '.join(map(str, places))}: no such file, expected {source}/{path} in one place.")
