"""Server and launcher, started once; a study of its own for every case; the undisturbed run to compare with."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.finished import (
    Journaled,
    assert_complete,
    assert_kept,
    assert_not_asked_again,
    content,
    journaled,
)
from tests.faults.processes import wait_for_none
from tests.faults.program import FaultServer
from tests.faults.runs import Attempt, Launcher, make_study
from tests.helpers import Project


@pytest.fixture(scope="session")
def fault_server() -> Iterator[FaultServer]:
    made = FaultServer()
    yield made
    made.stop()


@pytest.fixture
def server(fault_server: FaultServer) -> FaultServer:
    """The server, alive and with nothing programmed."""
    if not fault_server.alive:
        fault_server.start()
    fault_server.program()
    return fault_server


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    made = Launcher()
    yield made
    made.close()


@pytest.fixture
def study(server: FaultServer, tmp_path: Path) -> Project:
    return make_study(tmp_path / "study", server.base_url)


@pytest.fixture(scope="session")
def undisturbed(
    fault_server: FaultServer, launcher: Launcher, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the cells of the study hold when nothing goes wrong."""
    project = make_study(tmp_path_factory.mktemp("undisturbed") / "study", fault_server.base_url)
    fault_server.program()
    assert launcher.start(project).code() == 0
    assert_complete(project)
    return content(project)


@pytest.fixture
def goes_on(server: FaultServer, launcher: Launcher, undisturbed: dict[str, Any]) -> Callable[[Project], None]:
    """Run a study again, with everything mended: it goes on from its journal to the same end."""

    def check(project: Project) -> None:
        nothing_runs(launcher)
        before = journaled(project.results)
        if not server.alive:
            server.start()
        server.program()
        attempt = launcher.start(project)
        assert attempt.wait() == 0, attempt.told()
        compare(project, before, server, launcher)
        assert_complete(project, undisturbed)

    return check


def nothing_runs(launcher: Launcher) -> None:
    wait_for_none(launcher.processes, 30)


def compare(project: Project, before: Journaled, server: FaultServer, launcher: Launcher) -> None:
    """Nothing of `before` is lost, nothing of it was asked, and nothing of ours runs."""
    nothing_runs(launcher)
    assert_kept(before, journaled(project.results))
    assert_not_asked_again(before, server.asked())


def assert_one_sentence(attempt: Attempt, name: str, *parts: str) -> None:
    """The batch said in one sentence, which begins with the name of its end, what went wrong."""
    told = attempt.told()
    assert "Traceback" not in told, told
    [sentence] = [line for line in told.splitlines() if line.startswith(f"{name}: ")]
    assert all(part in sentence for part in parts), sentence
