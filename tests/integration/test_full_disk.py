"""A disk without room: what begins says so at once, what tidies makes room."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from personas.core.errors import UserError
from personas.core.lease import lease, live_holders
from personas.plan.disk import existing_files
from personas.requests.journal_lines import finished_keys
from personas.workflow import run as run_module
from personas.workflow.run import _hold_lease
from personas.workflow.upkeep.alone import alone
from personas.workflow.upkeep.forget import forget
from personas.workflow.upkeep.gc import gc
from tests.helpers import PATIENCE, Project
from tests.integration.test_forget import below, keys_of
from tests.making import make


@pytest.fixture
def disk(project: Project) -> Iterator[Path]:
    """The results folder of the project, on a disk of its own of 4 MB."""
    project.results.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(project.results)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("who is not root may not mount a small disk")
    yield project.results
    subprocess.run(["umount", "-l", str(project.results)], check=True)


def fill(disk: Path) -> Path:
    """Leave not a byte free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 9, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue
    return ballast


def test_a_run_that_cannot_begin_leaves_no_lock_of_its_own_in_its_way(
    disk: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "_run_lease", None)
    frozen = project.frozen()
    ballast = fill(disk)
    for _ in range(2):  # before the workflow, and once more when it begins
        with pytest.raises(OSError, match=r"No space left on device: '.*lease'"):
            _in_time(lambda: _hold_lease(frozen))
    assert list((disk / "leases").glob("*.lease")) == []
    ballast.unlink()
    _hold_lease(frozen)
    assert [holder.is_run for holder in live_holders(disk / "leases")] == [True]


def _in_time(call: Callable[[], None]) -> None:
    """Call in a thread, and give up on it after a while: it may wait for ever."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "waits for its own lock"
    if raised:
        raise raised[0]


def test_gc_makes_room(disk: Path, served: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(served.folder)
    make(served)
    served.edit(benchmarks__xstest=None)
    stale = below(disk, "/xstest/")
    fill(disk)
    gc([Path("config.yaml")], remove=True)
    assert stale and below(disk, "/xstest/") == [] and live_holders(disk / "leases") == []


@pytest.mark.parametrize("keep_answers", [False, True])
def test_forget_makes_room(keep_answers: bool, disk: Path, served: Project) -> None:
    make(served)
    own = below(disk, "/keeper/")
    keys = keys_of(disk, *own)
    answers = set(finished_keys(disk / "journal"))
    fill(disk)
    forget(disk, ["*/alpha/keeper/*"], keep_answers)
    assert not set(own) & existing_files(disk)
    assert set(finished_keys(disk / "journal")) == (answers if keep_answers else answers - keys)
    lines = b"".join(path.read_bytes() for path in sorted((disk / "journal").rglob("*.[jf]*")))
    assert all(key.encode() in lines for key in answers), "paid for, so kept"


def test_nobody_works_beside_upkeep_whose_lease_has_no_room_for_its_words(disk: Path) -> None:
    (disk / "leases").mkdir()
    fill(disk)
    with alone(disk, "gc"):
        [found] = live_holders(disk / "leases")
        assert found.everything and found.pid == os.getpid() and found.name == "personas-gc"
        run = lease(disk / "leases", "run", "another", ["a"], patience=0)
        with pytest.raises(UserError, match="is tidying the same results folder"), run:
            pass
    assert live_holders(disk / "leases") == []
