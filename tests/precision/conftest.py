"""A finished study to edit: every test gets a copy, and a server of its own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock

from tests.helpers import FakeServer
from tests.precision.edits import Study
from tests.precision.in_process import RATE_AND_MINE, InProcess
from tests.precision.table import ROWS
from tests.precision.world import config
from tests.workflow.conftest import make_checkout

FIRST = ("persona edited", "one rubric")
"""The rows that Snakemake carries through first: it makes nearly everything, and other tests go on from there."""

RUNS_SNAKEMAKE = [pytest.mark.workflow, pytest.mark.timeout(900, func_only=True)]
"""Their marks. The first of them also pays for the first run, of which each start of Snakemake has its own limit."""

Once = Callable[[str, Callable[[Path], None]], Path]


class FirstRun(NamedTuple):
    """A checkout whose present grid was made by Snakemake, and what it said and made."""

    folder: Path
    planned: set[str]
    made: set[str]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Make a folder once for all; where tests run side by side, the first that needs it makes it."""
    own = tmp_path_factory.getbasetemp()

    def make_once(name: str, make: Callable[[Path], None]) -> Path:
        folder = (own if worker_id == "master" else own.parent) / name
        with FileLock(f"{folder}.lock"):
            if not Path(f"{folder}.made").exists():
                make(folder)
                Path(f"{folder}.made").touch()
        return folder

    return make_once


@pytest.fixture(scope="session")
def finished(once: Once) -> Path:
    """A checkout whose grid is complete; it was made without Snakemake."""
    return once("finished", _finish)


def _finish(folder: Path) -> None:
    checkout = make_checkout(folder)
    shutil.rmtree(folder / "scripts")  # there is code in a copy only where a test edits or runs it
    with FakeServer() as server:
        checkout.configure(config(server.base_url))
        InProcess(folder).course(RATE_AND_MINE)


@pytest.fixture(scope="session")
def first_run(once: Once, finished: Path) -> FirstRun:
    """The rows `FIRST`, carried through by Snakemake to the very end."""

    def make(folder: Path) -> None:
        with FakeServer() as server:
            study = _copy(finished, folder, server)
            study.own_code()
            for name in FIRST:
                ROWS[name].edit(study)
            told = {"planned": sorted(study.dry_run()), "made": sorted(study.execute())}
        folder.with_suffix(".json").write_text(json.dumps(told))

    folder = once("first-run", make)
    told = json.loads(folder.with_suffix(".json").read_text())
    return FirstRun(folder, set(told["planned"]), set(told["made"]))


def _copy(source: Path, folder: Path, server: FakeServer) -> Study:
    study = Study(shutil.copytree(source, folder, symlinks=True))
    study.configure(config(server.base_url))
    return study


@pytest.fixture
def study(finished: Path, tmp_path: Path, server: FakeServer) -> Study:
    return _copy(finished, tmp_path / "checkout", server)


@pytest.fixture
def run_study(first_run: FirstRun, tmp_path: Path, server: FakeServer) -> Study:
    """The study as Snakemake left it, with its memory of what it made."""
    return _copy(first_run.folder, tmp_path / "checkout", server)
