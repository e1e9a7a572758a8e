"""A finished study to edit: every test gets a copy, and a server of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.helpers import FakeServer
from tests.precision.edits import Study
from tests.precision.world import config
from tests.workflow.conftest import make_checkout

DONE = "complete"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A checkout whose grid is complete; where tests run side by side, the first that needs it makes it for all."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "finished"
    with FileLock(f"{folder}.lock"):
        if not (folder / DONE).is_file():
            checkout = make_checkout(folder)
            with FakeServer() as server:
                checkout.configure(config(server.base_url))
                checkout.run()
            (folder / DONE).touch()
    return folder


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def study(finished: Path, tmp_path: Path, server: FakeServer) -> Study:
    folder = shutil.copytree(finished, tmp_path / "checkout", symlinks=True)
    study = Study(folder)
    study.configure(config(server.base_url))
    return study
