"""Locks where there are none, where others share a folder, and where their holder was stopped."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from personas.config.machine import Machine
from personas.core import locks
from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.core.lease import conflicts, lease, live_holders, place_leases
from personas.core.locks import NoLocks, hold_lock, is_stopped, open_lock, try_lock
from personas.engines import slots
from personas.engines.limits.turn import turn
from personas.workflow import run as run_module
from personas.workflow.upkeep.survey import kind_of
from tests.helpers import ROOT
from tests.unit.test_lease import holder

HOLD = """
import sys, time
from pathlib import Path
from personas.core.locks import open_lock, try_lock
assert try_lock(open_lock(Path(sys.argv[1])), Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def umask() -> Iterator[None]:
    """That of people who share a folder with their group."""
    before = os.umask(0o002)
    yield
    os.umask(before)


@pytest.fixture
def stopped() -> Iterator[Callable[[Path], int]]:
    """Let a process lock a file, and stop it; returns its process id."""
    started: list[subprocess.Popen[str]] = []

    def stop(path: Path) -> int:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout and process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGSTOP)
        while not is_stopped(process.pid):
            time.sleep(0.01)
        return process.pid

    yield stop
    for process in started:
        process.kill()
        process.communicate()


def without_locks(monkeypatch: pytest.MonkeyPatch, below: Path, code: int) -> None:
    """Let locks of files below a folder fail as on a file system that has none."""
    plain = fcntl.flock

    def flock(handle: int, operation: int) -> None:
        if Path(f"/proc/self/fd/{handle}").resolve().is_relative_to(below.resolve()):
            raise OSError(code, os.strerror(code))
        plain(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_the_cause_is_named_and_locks_may_lie_elsewhere(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    without_locks(monkeypatch, results, code)
    taken = lease(results / "leases", "run", "r", ["a"], patience=0)
    with pytest.raises(NoLocks, match=r"its file system has no locks.*machine: \{locks: FOLDER\}") as told, taken:
        pass
    assert "\n" not in str(told.value)
    for _ in range(2):
        place_leases(results, str(tmp_path / "locks"))
    with lease(results / "leases", "run", "r", ["a"], patience=0):
        assert [found.run for found in live_holders(results / "leases")] == ["r"]
        with pytest.raises(UserError, match="is making some of the same files"):
            place_leases(results, str(tmp_path / "others"))
        assert conflicts(results / "leases", ["a"], "another")
    place_leases(results, str(tmp_path / "others"))
    assert (results / "leases").resolve().is_relative_to(tmp_path / "others") and kind_of("leases") == ""


def test_two_results_folders_share_a_folder_of_locks(tmp_path: Path) -> None:
    for name in ("one", "other"):
        place_leases(tmp_path / name, str(tmp_path / "locks"))
    with (
        lease(tmp_path / "one" / "leases", "run", "r", ["a"], patience=0),
        lease(tmp_path / "other" / "leases", "run", "s", ["a"], patience=0),
    ):
        assert [found.run for found in live_holders(tmp_path / "one" / "leases")] == ["r"]


def test_leases_that_somebody_holds_stay_where_they_are(tmp_path: Path) -> None:
    with holder(tmp_path / "leases", "a"), pytest.raises(UserError, match="is making"):
        place_leases(tmp_path, str(tmp_path / "locks"))
    place_leases(tmp_path, str(tmp_path / "locks"))
    assert (tmp_path / "leases").is_symlink()


def test_a_folder_of_locks_that_is_gone_is_made_again(tmp_path: Path) -> None:
    place_leases(tmp_path / "results", str(tmp_path / "locks"))
    (tmp_path / "locks").rename(tmp_path / "gone")
    with lease(tmp_path / "results" / "leases", "run", "r", ["a"], patience=0):
        pass


def test_slots_of_gpus_do_not_wait_for_ever_where_there_are_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    without_locks(monkeypatch, tmp_path / "tmp", errno.ENOSYS)
    with pytest.raises(NoLocks):
        slots._lock(slots._folder(Machine()) / "queue.lock", AsyncExitStack())
    elsewhere = slots._folder(Machine(locks=str(tmp_path / "locks")))
    assert elsewhere.is_relative_to(tmp_path / "locks")


@pytest.mark.usefixtures("umask")
async def test_a_group_may_lock_and_read_what_we_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_module, "_run_lock", None)
    run_module._forget_dead_runs(None)
    write_atomically(tmp_path / "cell", b"")
    write_atomically(tmp_path / "drawn", Path.touch)
    with lease(tmp_path / "leases", "run", "r", ["a"], patience=0):
        async with turn(tmp_path / "leases", "alpha"):
            made = [path for path in tmp_path.rglob("*") if path.is_file()]
            assert {path.name: oct(path.stat().st_mode & 0o777) for path in made} == dict.fromkeys(
                ["cell", "drawn", ".guard", "r-run.lease", ".endpoint-alpha", "personas.lock"], "0o664"
            )
    assert run_module._run_lock is not None
    os.close(run_module._run_lock)


def test_a_stopped_holder_of_the_guard_is_named(tmp_path: Path, stopped: Callable[[Path], int]) -> None:
    pid = stopped(tmp_path / ".guard")
    with pytest.raises(UserError, match=rf"process {pid} \(stopped\) holds it"), hold_lock(tmp_path / ".guard", 0.2):
        pass
    os.kill(pid, signal.SIGKILL)
    with hold_lock(tmp_path / ".guard", 20):
        pass


async def test_a_turn_does_not_wait_for_who_was_stopped(
    tmp_path: Path, stopped: Callable[[Path], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "STOPPED_PATIENCE", 0.1)
    pid = stopped(tmp_path / ".endpoint-alpha")
    with pytest.raises(UserError, match=rf"process {pid} holds this lock and was stopped.*kill -CONT {pid}"):
        async with turn(tmp_path, "alpha"):
            pass


def test_a_lock_file_that_we_may_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that a colleague made with a stricter umask; root may write everything, so the refusal is played."""
    path, plain = tmp_path / "lock", os.open
    path.touch()

    def refusing(name: Path, flags: int, *mode: int) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(name))
        return plain(name, flags, *mode)

    monkeypatch.setattr(os, "open", refusing)
    handle = open_lock(path)
    assert try_lock(handle, path)
    os.close(handle)
