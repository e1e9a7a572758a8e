"""Whole files or none: temporary file in the same folder, fsync, rename."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, content: bytes | Callable[[Path], None]) -> None:
    """Write `content` (bytes, or a function that writes a file at the path it is given) to `path`.

    Readers see the old file or the whole new one. Folders are made as needed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            content(temporary)
        _sync(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        # The sentence for people names the file they know, whoever wrote it. Libraries also raise mere messages.
        if error.errno is None:
            raise OSError(f"{error}: '{path}'") from error
        error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, so that what is removed afterwards is not gone before they are there."""
    with contextlib.suppress(OSError):  # some network file systems know no such thing
        _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
