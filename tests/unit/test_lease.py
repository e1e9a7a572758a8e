"""One maker a file: a lease refuses a second one, and dies with its holder."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from personas.core.errors import UserError
from personas.core.lease import STALE, Holder, conflicts, lease, live_holders
from tests.helpers import PATIENCE, ROOT

HOLD = """
import sys
from pathlib import Path
from personas.core.lease import lease
with lease(Path(sys.argv[1]), "batch", sys.argv[2], sys.argv[3:]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(folder: Path, *paths: str, run: str = "other") -> Iterator[subprocess.Popen[str]]:
    """Hold a lease in a process of its own, until its standard input closes."""
    command = [sys.executable, "-c", HOLD, str(folder), run, *paths]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout and process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_holder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    mine = lease(tmp_path, "mine", "run", ["b", "c"], patience=0)
    with holder(tmp_path, "a", "b") as other, pytest.raises(UserError) as caught, mine:
        pass
    told = str(caught.value)
    assert f"process {other.pid} on {socket.gethostname()}" in told and "\n" not in told
    assert re.search(r"since \d\d:\d\d:\d\d", told)


def test_a_slurm_job_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    with holder(tmp_path, "a"):
        assert "SLURM job 4711" in live_holders(tmp_path)[0].sentence()


def test_disjoint_paths_coexist(tmp_path: Path) -> None:
    with holder(tmp_path, "a"), lease(tmp_path, "mine", "run", ["b"], patience=0):
        assert {h.run for h in live_holders(tmp_path)} == {"other", "run"}


def test_the_run_itself_is_no_conflict(tmp_path: Path) -> None:
    with (
        lease(tmp_path, "run", "r", ["a", "b"], patience=0),
        lease(tmp_path, "batch", "r", ["a"], patience=0),
    ):
        assert conflicts(tmp_path, ["a"], "r", "another batch") == []
        assert [h.name for h in conflicts(tmp_path, ["a"], "r", "batch")] == ["batch"], "started twice"
        assert [h.name for h in conflicts(tmp_path, ["a"], "another")] == ["run", "batch"]


@pytest.mark.parametrize("error", [None, RuntimeError], ids=["end", "exception"])
def test_released_on(tmp_path: Path, error: type[Exception] | None) -> None:
    try:
        with lease(tmp_path, "mine", "run", ["a"], patience=0):
            assert len(live_holders(tmp_path)) == 1
            if error:
                raise error
    except RuntimeError:
        pass
    assert live_holders(tmp_path) == [] and not list(tmp_path.glob("*.lease"))


def test_released_when_the_holder_ends(tmp_path: Path) -> None:
    with holder(tmp_path, "a") as other:
        assert other.stdin
        other.stdin.close()
        other.wait()
    assert live_holders(tmp_path) == []


def test_dies_with_a_killed_holder(tmp_path: Path) -> None:
    with holder(tmp_path, "a") as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert live_holders(tmp_path) == []
        with lease(tmp_path, "mine", "run", ["a"], patience=0):
            assert [h.run for h in live_holders(tmp_path)] == ["run"]


def test_a_killed_holder_of_the_same_name_is_followed(tmp_path: Path) -> None:
    with holder(tmp_path, "a", run="run") as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    with lease(tmp_path, "batch", "run", ["a"], patience=0):
        assert [h.pid for h in conflicts(tmp_path, ["a"], "x")] == [os.getpid()]


def test_waits_for_a_holder_that_ends_soon(tmp_path: Path) -> None:
    with holder(tmp_path, "a") as other:
        threading.Timer(0.6, other.kill).start()
        with lease(tmp_path, "mine", "run", ["a"], patience=PATIENCE):
            assert other.wait(PATIENCE) == -signal.SIGKILL
            assert [h.run for h in live_holders(tmp_path)] == ["run"]


@pytest.mark.parametrize("content", ["", "{", "{}", "[]"], ids=["empty", "half", "no holder", "a list"])
def test_a_dead_lease_file_of_any_content_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.lease").write_text(content)
    with lease(tmp_path, "mine", "run", ["a"], patience=0):
        assert [h.run for h in live_holders(tmp_path)] == ["run"]


def _elsewhere(folder: Path, silent: float, job: str | None = None) -> Holder:
    """A holder on another machine whose lock does not reach us, and who was last heard `silent` seconds ago."""
    holder = Holder("batch", "other", "elsewhere", 1, time.time(), job)
    path = folder / "other-batch.lease"
    path.write_text(json.dumps({"holder": asdict(holder), "paths": ["a"]}))
    os.utime(path, (time.time() - silent,) * 2)
    return holder


def test_a_holder_elsewhere_lives_by_its_signs_of_life(tmp_path: Path) -> None:
    holder = _elsewhere(tmp_path, STALE / 2)
    assert conflicts(tmp_path, ["a"], "mine") == [holder]
    with pytest.raises(UserError, match="on elsewhere"), lease(tmp_path, "mine", "run", ["a"], patience=0):
        pass
    assert (tmp_path / "other-batch.lease").exists(), "nobody clears the lease of the living"


def test_a_silent_holder_elsewhere_is_dead(tmp_path: Path) -> None:
    _elsewhere(tmp_path, STALE * 2)
    with lease(tmp_path, "mine", "run", ["a"], patience=0):
        assert [h.run for h in live_holders(tmp_path)] == ["run"]
    assert not list(tmp_path.glob("*.lease"))


def test_a_holder_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personas.core.lease.BEAT", 0.05)
    with lease(tmp_path, "mine", "run", ["a"], patience=0):
        (path,) = tmp_path.glob("*.lease")
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 20
        while path.stat().st_mtime < time.time() - STALE:
            assert time.monotonic() < deadline
            time.sleep(0.02)
