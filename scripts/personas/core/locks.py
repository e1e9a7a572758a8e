"""Locks on whole files (flock): held until the handle is closed, so they die with their holder."""

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from personas.core.errors import UserError

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP})
_HELD = frozenset({errno.EAGAIN, errno.EACCES})
_PAUSE = 0.05

STOPPED_PATIENCE = 60.0
"""Seconds for which a process that holds a lock may be stopped before nobody waits for it any more."""


class NoLocks(UserError):
    """The file system of a lock knows no locks."""


def open_lock(path: Path) -> int:
    """Open a file to lock, and make it where it is missing; the umask says who else may lock it."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError:  # made by somebody else; most file systems let us lock what we may only read
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def try_lock(handle: int, path: Path, shared: bool = False) -> bool:
    """Lock an open file; False where somebody else holds it, NoLocks where its file system has no locks."""
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        if error.errno in _NO_LOCKS:
            raise NoLocks(
                f"{path}: cannot be locked ({error.strerror}): its file system has no locks, expected one that has "
                "them; machine: {locks: FOLDER} in the config puts the locks into a folder elsewhere."
            ) from None
        raise
    return True


@contextlib.contextmanager
def hold_lock(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock of a file that everybody holds only for a moment; UserError after `patience` seconds."""
    handle = open_lock(path)
    try:
        wait_for_lock(handle, path, patience)
        yield
    finally:
        os.close(handle)


def wait_for_lock(handle: int, path: Path, patience: float) -> None:
    """Lock an open file that everybody holds only for a moment; UserError after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not try_lock(handle, path):
        if time.monotonic() > deadline:
            raise UserError(
                f"{path}: locked for {patience:.0f} s, expected for a moment; {holder_of(path)} holds it: let it "
                "go on, or end it."
            )
        time.sleep(_PAUSE)


class Waiting:
    """A wait for a lock that may rightly take long. Whoever was stopped is not waited for: it never gives it up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stopped_since: float | None = None

    def look(self) -> None:
        """Look who holds the lock; UserError once that has been a stopped process for STOPPED_PATIENCE seconds."""
        pid = pid_of_holder(self._path)
        if pid is None or not is_stopped(pid):
            self._stopped_since = None
            return
        self._stopped_since = self._stopped_since or time.monotonic()
        if time.monotonic() - self._stopped_since > STOPPED_PATIENCE:
            raise UserError(
                f"{self._path}: process {pid} holds this lock and was stopped, expected it to work and give it up; "
                f"let it go on (kill -CONT {pid}), or end it."
            )


def holder_of(path: Path) -> str:
    """Name the process on this machine that holds the lock of a file, and say so if it was stopped."""
    pid = pid_of_holder(path)
    if pid is None:
        return "a process on another machine, or one that cannot be seen,"
    return f"process {pid}{' (stopped)' if is_stopped(pid) else ''}"


def pid_of_holder(path: Path) -> int | None:
    """Return the process that holds the lock of a file, where the system tells (Linux)."""
    with contextlib.suppress(OSError, ValueError):
        inode = str(path.stat().st_ino)
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            if "->" not in words and words[1] == "FLOCK" and words[5].rpartition(":")[2] == inode:
                return int(words[4]) if int(words[4]) > 0 else None
    return None


def is_stopped(pid: int) -> bool:
    """Tell whether a process was stopped, as by SIGSTOP: it does nothing until it is told to go on."""
    with contextlib.suppress(psutil.Error):
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    return False


def place_for(locks: str, folder: Path) -> Path:
    """Return the part of a folder for locks (`machine.locks`) that belongs to a folder elsewhere."""
    mark = hashlib.sha256(str(folder.resolve()).encode(errors="surrogateescape")).hexdigest()[:16]
    return Path(locks).expanduser().resolve() / mark
