"""A key stands in no file, no log, no job script, and on no command line; only who needs it has it at all."""

import contextlib
import os
import secrets
import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.checkout import Snakemake, make_checkout
from tests.faults.finished import assert_complete, journaled
from tests.faults.grounds import ENGINE, KEEPER, EmbeddedGround
from tests.faults.processes import killed_with, wait_until
from tests.faults.program import FaultServer
from tests.faults.runs import Launcher
from tests.faults.server import KEY_VARIABLE

pytestmark = pytest.mark.faults

VARIABLE = "FAULTS_TEST_KEY"


def files_with(folders: list[Path], key: str) -> list[str]:
    """Return the files below some folders that hold the key, in their text or name; others may vanish meanwhile."""
    found = []
    for path in (Path(at) / name for folder in folders for at, _, names in os.walk(folder) for name in names):
        with contextlib.suppress(FileNotFoundError):
            if key in str(path) or (path.is_file() and key.encode() in path.read_bytes()):
                found.append(str(path))
    return found


def commands_with(key: str) -> list[str]:
    """Return the command lines on this machine that hold the key."""
    return [str(pid) for pid, text in _read("cmdline") if key.encode() in text]


def holders(key: str, besides: str = "") -> set[int]:
    """Return the processes whose environment holds the key, `besides` those that have another text in it."""
    found = {pid: text for pid, text in _read("environ") if key.encode() in text}
    return {pid for pid, text in found.items() if not besides or besides.encode() not in text}


def _read(name: str) -> Iterator[tuple[int, bytes]]:
    for path in Path("/proc").glob(f"[0-9]*/{name}"):
        with contextlib.suppress(OSError):
            yield int(path.parent.name), path.read_bytes()


@pytest.mark.parametrize(
    ("executor", "accepted"),
    [
        pytest.param("cluster", True, id="right key, job scripts"),
        pytest.param("local", False, id="wrong key, which the server repeats"),
    ],
)
def test_the_key_of_an_endpoint(executor: str, accepted: bool, server: FaultServer, tmp_path: Path) -> None:
    key, mark = f"sk-{secrets.token_hex(16)}", uuid.uuid4().hex
    project = make_checkout(tmp_path / "checkout", server.base_url)
    project.edit(models__alpha__key_variable=VARIABLE)
    server.program(key=key if accepted else "another", pace=0.1)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    arguments = cluster(project.folder) if executor == "cluster" else []
    with killed_with(mark):
        run = Snakemake(project.folder, mark, "generate", *arguments, **{VARIABLE: key, "TMPDIR": str(scratch)})
        looks = 0
        while not run.over():
            assert commands_with(key) == [] and holders(key, besides=mark) == set()
            assert files_with([project.folder, scratch], key) == []
            looks += bool(server.asked())
            time.sleep(0.2)
    assert run.finished() == accepted, run.told()
    assert looks or not accepted, "nobody looked while the server was asked"
    assert files_with([project.folder, scratch], key) == [] and key not in run.told()
    if accepted:
        assert_complete(project)
        assert all(entry["answered"] for entry in server.asked())
    else:
        assert "engine-refuses" in run.told() + "".join(p.read_text() for p in project.results.rglob("*.log"))


def cluster(folder: Path) -> list[str]:
    """Return the arguments that send jobs through a script, as a cluster does; it keeps what it was given."""
    submit = folder / "submit.sh"
    submit.write_text('#!/bin/bash\ncp "$1" "kept-$(basename "$1")"\nbash "$1" >> jobs.log 2>&1 &\necho $!\n')
    submit.chmod(submit.stat().st_mode | stat.S_IXUSR)
    return [
        *("--executor", "cluster-generic", "--cluster-generic-submit-cmd", "./submit.sh"),
        *("--jobs", "2", "--latency-wait", "20"),
    ]


def test_the_key_of_an_engine_of_ours(launcher: Launcher, tmp_path: Path) -> None:
    """The batch draws it; keeper and engine get it by their environment, and nobody else has it."""
    ground = EmbeddedGround(launcher)
    project = ground.study(tmp_path / "study")
    attempt = launcher.start(project)
    wait_until(lambda: journaled(project.results).lines, "the first answer")
    ours = launcher.processes()
    engine = next(process for process in ours if ENGINE in process.cmdline() and KEEPER not in process.cmdline())
    engine.suspend()  # so that the batch does not end while we look
    try:
        key = engine.environ()[KEY_VARIABLE]
        assert len(key) >= 32 and commands_with(key) == [] and files_with([tmp_path], key) == []
        allowed = {engine.pid, engine.ppid()}
        assert holders(key) == allowed and KEEPER in psutil.Process(engine.ppid()).cmdline()
    finally:
        engine.resume()
    assert attempt.code() == 0, attempt.told()
    assert files_with([tmp_path], key) == []
