"""Fixtures that all tests share; what they are made of stands in helpers.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from personas.core.garbage import collect_rarely
from tests.helpers import JUDGE, FakeServer, Project, make_project

settings.register_profile("unhurried", deadline=None)  # a test that writes files takes its time on a busy machine
settings.load_profile("unhurried")


def pytest_collection_finish() -> None:
    collect_rarely()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A tiny study in a folder of its own: edit its files, then load it."""
    return make_project(tmp_path / "project")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """An OpenAI-compatible server that fails on demand."""
    with FakeServer() as running:
        yield running


@pytest.fixture
def served(project: Project, server: FakeServer) -> Project:
    """The tiny study with one model, `alpha`, which the server answers for."""
    return project.set({"models/beta": None, "models/alpha/base_url": server.base_url})


@pytest.fixture
def judged(served: Project, server: FakeServer) -> Project:
    """The tiny study with `alpha` and a judge `j`, both of which the server answers for."""
    return served.set({"judges/j": JUDGE, "judges/j/model/base_url": server.base_url})
