"""Leases: who is making which files now. A lease is a locked file, so it dies with its holder.

On a shared file system a lock may be known only to the machine that holds it. So a holder also touches its file every
few seconds, and one on another machine lives as long as that goes on, or as SLURM has its job.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from personas.core import slurm
from personas.core.errors import UserError
from personas.core.files import is_full
from personas.core.locks import NoLocks, hold_lock, open_lock, place_for, try_lock, wait_for_lock

RUN = "run"
"""Name under which a whole invocation, rather than a batch, holds a lease."""

EVERYTHING = "*"
"""Stands for every path: a lease on it bears no other beside it, whatever that makes."""

BEAT = 5.0
"""Seconds between two signs of life of a holder."""

STALE = 60.0
"""Seconds after which a holder on another machine without a sign of life is dead; its clock may differ a little."""

GUARD_PATIENCE = 60.0
"""Seconds to wait for the guard, which everybody holds for a moment: a process that was stopped holds it longer."""

_NAME_OF_UPKEEP = re.compile(r"(?P<run>upkeep-(?P<host>.+)-(?P<pid>\d+))-(?P<name>personas-\w+)\.lease")


@dataclass(frozen=True)
class Holder:
    """Who holds a lease. `run` is the invocation it belongs to; `job` a SLURM job id where there is one.

    `everything`: the lease is on the whole results folder, as upkeep takes it.
    """

    name: str
    run: str
    host: str
    pid: int
    since: float
    job: str | None = None
    everything: bool = False

    @property
    def is_run(self) -> bool:
        """Tell a whole invocation from one of its batches."""
        return self.name == RUN

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether the holder is on another machine than we are."""
        return self.host != socket.gethostname()

    def sentence(self) -> str:
        """Say who holds the lease, for people."""
        since = time.strftime("%H:%M:%S", time.localtime(self.since))
        job = f", SLURM job {self.job}" if self.job else ""
        return (
            f"{'Another run' if self.is_run else self.name} (process {self.pid} on {self.host}{job}, since {since})"
        )


def place_leases(results: Path, locks: str | None) -> None:
    """Let the leases of a results folder lie in the folder `locks` (`machine.locks`), by a link in their place.

    Whoever looks for them later, with or without that setting, finds the same ones. UserError while anybody holds one
    elsewhere.
    """
    folder = results / "leases"
    if locks is None or (folder.is_symlink() and folder.resolve() == place_for(locks, results)):
        return
    with contextlib.suppress(NoLocks):  # then nobody can hold any
        if others := live_holders(folder):
            raise UserError(conflict_sentence(others))
    place_for(locks, results).mkdir(parents=True, exist_ok=True)
    results.mkdir(parents=True, exist_ok=True)
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    folder.unlink(missing_ok=True)
    with contextlib.suppress(FileExistsError):  # another start did it a moment ago
        folder.symlink_to(place_for(locks, results))


def _me(name: str, run: str, paths: Iterable[str]) -> Holder:
    return Holder(name, run, socket.gethostname(), os.getpid(), time.time(), slurm.job_id(), EVERYTHING in paths)


def conflicts(folder: Path, paths: Iterable[str], run: str, name: str = RUN) -> list[Holder]:
    """Return the live holders that make any of `paths`, whole runs first.

    A run and its batches share paths, so holders of `run` itself are none; but one of the same name is: a batch that
    was given up and started again while it still lives.
    """
    own_paths = set(paths)
    holders = [
        holder
        for holder, other_paths in _live(folder)
        if (holder.run != run or holder.name == name) and _overlap(own_paths, other_paths)
    ]
    return sorted(holders, key=lambda holder: not holder.is_run)


def _overlap(some: set[str], others: set[str]) -> bool:
    return EVERYTHING in some or EVERYTHING in others or not some.isdisjoint(others)


@contextlib.contextmanager
def lease(folder: Path, name: str, run: str, paths: Iterable[str], patience: float = 20.0) -> Iterator[None]:
    """Hold a lease on `paths` for as long as the context lasts.

    A holder that is about to die (its run was killed a moment ago) is waited for, `patience` seconds at most, and
    longer on another machine, where death shows late; then UserError names it.
    """
    paths = list(paths)
    folder.resolve().mkdir(parents=True, exist_ok=True)  # it may be a link to a folder that is gone
    path = folder / f"{run}-{name}.lease"
    deadline = time.monotonic() + patience
    while True:
        with hold_lock(folder / ".guard", GUARD_PATIENCE):
            _clear_dead(folder)
            others = conflicts(folder, paths, run, name)
            if not others:
                handle = _take(path, _me(name, run, paths), paths)
                break
        late = STALE if patience and any(other.is_elsewhere for other in others) else 0.0
        if time.monotonic() > deadline + late:
            raise UserError(conflict_sentence(others))
        time.sleep(0.25)
    over = threading.Event()
    beats = threading.Thread(target=_beat, args=(handle, over), daemon=True)
    beats.start()
    try:
        yield
    finally:
        over.set()
        beats.join()
        path.unlink(missing_ok=True)
        os.close(handle)


def _beat(handle: int, over: threading.Event) -> None:
    while not over.wait(BEAT):
        with contextlib.suppress(OSError):
            os.utime(handle)


def conflict_sentence(others: list[Holder]) -> str:
    """Return the one sentence that a second start stops with."""
    does = "is tidying the same results folder" if others[0].everything else "is making some of the same files"
    return f"{others[0].sentence()} {does}; wait for it to end, or stop it first."


def _take(path: Path, holder: Holder, paths: list[str]) -> int:
    """Make, lock and fill a lease file. On a full disk that of upkeep, which makes room, stays empty: see `_read`."""
    handle = open_lock(path)
    try:
        wait_for_lock(handle, path, GUARD_PATIENCE)  # somebody may be looking whether it is held
        os.truncate(handle, 0)
        _write(handle, json.dumps({"holder": asdict(holder), "paths": paths}).encode())
    except BaseException as error:
        if holder.everything and is_full(error):
            os.truncate(handle, 0)
            return handle
        os.close(handle)
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)
        raise
    return handle


def _write(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


def live_holders(folder: Path) -> list[Holder]:
    """Return every live holder."""
    return [holder for holder, _ in _live(folder)]


def live_paths(folder: Path) -> set[str]:
    """Return every path that a live batch makes; a whole run holds more than it is making."""
    return {path for holder, paths in _live(folder) if not holder.is_run for path in paths}


def _live(folder: Path) -> Iterator[tuple[Holder, set[str]]]:
    for path in sorted(folder.glob("*.lease")):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            lease = _read(file, path)
            if lease and (_is_locked(file.fileno(), path) or _lives_elsewhere(lease[0], file.fileno())):
                yield lease


def _read(file: BinaryIO, path: Path) -> tuple[Holder, set[str]] | None:
    """Return what a lease file says; None for the remains of one.

    An empty one of upkeep says in its name what there was no room for.
    """
    try:
        content = file.read()
        match = _NAME_OF_UPKEEP.fullmatch(path.name)
        if match and not content:
            since = os.fstat(file.fileno()).st_mtime
            holder = Holder(match["name"], match["run"], match["host"], int(match["pid"]), since, everything=True)
            return holder, {EVERYTHING}
        raw = json.loads(content)
        return Holder(**raw["holder"]), set(raw["paths"])
    except (ValueError, TypeError, KeyError):
        return None


def _lives_elsewhere(holder: Holder, handle: int) -> bool:
    """Tell whether a holder whose lock we could take lives on another machine all the same."""
    if not holder.is_elsewhere:
        return False
    if time.time() - os.fstat(handle).st_mtime < STALE:
        return True
    return holder.job is not None and slurm.lives(holder.job) is True


def _clear_dead(folder: Path) -> None:
    """Remove the files of dead holders. Only under the guard: between opening and locking a file looks dead."""
    for path in folder.glob("*.lease"):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            lease = _read(file, path)
            if not _is_locked(file.fileno(), path) and not (lease and _lives_elsewhere(lease[0], file.fileno())):
                path.unlink(missing_ok=True)


def _is_locked(handle: int, path: Path) -> bool:
    if not try_lock(handle, path, shared=True):
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)
    return False
