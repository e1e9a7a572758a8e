"""A finished study to edit: every test gets a copy, and a server of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import FakeServer
from tests.precision.edits import Study
from tests.precision.world import config
from tests.workflow.conftest import make_checkout


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose grid is complete."""
    checkout = make_checkout(tmp_path_factory.mktemp("finished") / "checkout")
    with FakeServer() as server:
        checkout.configure(config(server.base_url))
        checkout.run()
    return checkout.folder


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
