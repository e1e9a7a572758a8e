"""Whole files or none: temporary file in the same folder, fsync, rename."""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: BaseException) -> bool:
    """Tell whether an error says that the disk is full, or a quota used up."""
    return isinstance(error, OSError) and error.errno in _FULL


def write_atomically(path: Path, content: bytes | Callable[[Path], None]) -> None:
    """Write `content` (bytes, or a function that writes a file at the path it is given) to `path`.

    Readers see the old file or the whole new one. Folders are made as needed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))  # the umask says who may read it
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            content(temporary)
        _sync(temporary)
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
