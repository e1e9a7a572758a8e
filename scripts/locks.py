"""Locks on whole files (flock): held until the handle is closed, so they die with their holder."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from scripts.errors import UserError

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP})
_HELD = frozenset({errno.EAGAIN, errno.EACCES})
_PAUSE = 0.05


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
def locked(path: Path, patience: float) -> Iterator[None]:
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
                f"{path}: locked for {patience:.0f} s, expected for a moment; {holder_of(handle)} holds it: let it "
                "go on, or end it."
            )
        time.sleep(_PAUSE)


def holder_of(handle: int) -> str:
    """Name the process on this machine that holds the lock of an open file, and say so if it was stopped."""
    pid = pid_of_holder(handle)
    if pid is None:
        return "a process on another machine, or one that cannot be seen,"
    return f"process {pid}{' (stopped)' if is_stopped(pid) else ''}"


def pid_of_holder(handle: int) -> int | None:
    """Return the process that holds the lock of an open file, where the system tells (Linux)."""
    inode = str(os.fstat(handle).st_ino)
    with contextlib.suppress(OSError, ValueError):
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
