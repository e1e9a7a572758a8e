"""A disk that is full or read-only, and a journal whose last line is torn."""

import contextlib
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from personas.plan.disk import existing_files
from tests.faults.checkout import Snakemake, make_checkout
from tests.faults.conftest import assert_one_sentence, compare
from tests.faults.finished import assert_complete, journaled
from tests.faults.program import FaultServer
from tests.faults.runs import Launcher
from tests.helpers import Project

pytestmark = pytest.mark.faults


def mounted(*arguments: str) -> bool:
    """Mount something, if we may."""
    command = ["mount", *arguments]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[dict[str, Any]]:
    """Give a folder a disk of its own. Who may not mount gets a quota instead: yields what a batch needs for that."""
    folder.mkdir(parents=True)
    if not mounted("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)):
        yield {"file_size": 6000}
        return
    try:
        yield {}
        with_space = folder.with_name("copied")
        shutil.copytree(folder, with_space, symlinks=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()
    with_space.rename(folder)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write to a folder, root included where that can be."""
    if mounted("--bind", str(folder), str(folder)) and mounted("-o", "remount,bind,ro", str(folder)):
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        return
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


@pytest.mark.parametrize("size", [6000, 9000, 13000], ids=lambda size: f"{size} bytes")
def test_a_file_that_may_not_grow(
    size: int, study: Project, server: FaultServer, launcher: Launcher, goes_on: Callable[[Project], None]
) -> None:
    """A quota strikes in the middle of a line; that line is taken back, and nothing else."""
    attempt = launcher.start(study, file_size=size)
    assert attempt.code() == 77, attempt.told()
    assert_one_sentence(attempt, "disk", "File too large: '")
    [journal] = study.results.glob("journal/*/*.jsonl")
    kept = journal.read_bytes()
    assert kept.endswith(b"}\n")
    goes_on(study)
    lines = [line for path in study.results.glob("journal/*/*.jsonl") for line in path.read_bytes().splitlines(True)]
    assert size - max(map(len, lines)) < len(kept) <= size, "less than one line is missing"


@pytest.mark.parametrize(
    ("full", "kilobytes", "file"),
    [
        pytest.param("results/journal", 8, ".jsonl", id="while asking"),
        pytest.param("results", 224, ".parquet", id="while writing cells"),
    ],
)
def test_a_full_disk(
    full: str,
    kilobytes: int,
    file: str,
    study: Project,
    server: FaultServer,
    launcher: Launcher,
    goes_on: Callable[[Project], None],
) -> None:
    with small_disk(study.folder / full, kilobytes) as patches:
        attempt = launcher.start(study, **patches)
        assert attempt.code() == 77, attempt.told()
        assert_one_sentence(
            attempt, "disk", "To do: make room", *([] if patches else ["No space left on device", file])
        )
        assert existing_files(study.results) == frozenset()
    goes_on(study)


def test_a_read_only_journal(
    study: Project, server: FaultServer, launcher: Launcher, goes_on: Callable[[Project], None]
) -> None:
    folder = study.results / "journal" / "alpha"
    folder.mkdir(parents=True)
    with read_only(folder):
        attempt = launcher.start(study)
        assert attempt.code() == 77, attempt.told()
        assert_one_sentence(attempt, "disk")
    goes_on(study)


def test_read_only_results_stop_snakemake_with_a_sentence(server: FaultServer, tmp_path: Path) -> None:
    project = make_checkout(tmp_path / "checkout", server.base_url)
    project.results.mkdir()
    with read_only(project.results):
        run = Snakemake(project.folder, "none", "generate")
        assert not run.finished()
        told = run.told()
        assert "Traceback" not in told and 'File "' not in told.partition("steps to do")[2], told
        [sentence] = [line for line in told.splitlines() if line.startswith("results: ")]
        assert "results/leases cannot be written (" in sentence and "expected a folder that may be" in sentence
        assert list(project.results.iterdir()) == [] and server.asked() == []


def test_a_disk_full_at_the_start_stops_snakemake_with_a_sentence(server: FaultServer, tmp_path: Path) -> None:
    project = make_checkout(tmp_path / "checkout", server.base_url)
    with small_disk(project.results, 64) as patches:
        if patches:
            pytest.skip("who may not mount has no disk to fill")
        with contextlib.suppress(OSError), (project.results / "ballast").open("wb", buffering=0) as ballast:
            while ballast.write(bytes(64)):
                pass
        run = Snakemake(project.folder, "none", "generate")
        assert not run.finished()
        told = run.told()
        assert "Traceback" not in told, told
        [sentence] = [line for line in told.splitlines() if line.startswith("results: ")]
        assert "cannot be written (No space left on device)" in sentence and server.asked() == []


Again = Callable[[int], list[Any]]


@pytest.fixture
def again(study: Project, server: FaultServer, launcher: Launcher, undisturbed: dict[str, Any]) -> Again:
    """Run a study, lose its cells and so many bytes at the end of its journal, and run it again: what is asked."""

    def run(lost: int) -> list[Any]:
        assert launcher.start(study).code() == 0
        for path in existing_files(study.results):
            (study.results / path).unlink()
        [journal] = study.results.glob("journal/*/*.jsonl")
        journal.write_bytes(journal.read_bytes()[:-lost])
        before = journaled(study.results)
        server.program()
        attempt = launcher.start(study)
        assert attempt.code() == 0, attempt.told()
        compare(study, before, server, launcher)
        assert_complete(study, undisturbed)
        return server.asked()

    return run


@pytest.mark.parametrize("seed", range(6))
def test_a_torn_last_line(seed: int, again: Again) -> None:
    """A power cut leaves half a line. It is asked again, and nothing else is."""
    lost = random.Random(seed).randrange(2, 200) if seed else 2  # brace and line end
    assert len(again(lost)) == 1


def test_a_last_line_that_lacks_only_its_end(again: Again) -> None:
    """As an editor may leave it: the answer is whole."""
    assert again(1) == []
