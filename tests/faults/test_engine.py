"""An engine process of our own that starts slowly, dies or hangs: only what it serves is not real."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import assert_one_sentence, nothing_runs
from tests.faults.finished import assert_complete, assert_kept, content, journaled
from tests.faults.grounds import EMBEDDED
from tests.faults.runs import Launcher, make_study
from tests.helpers import Project

pytestmark = pytest.mark.faults


@pytest.fixture
def owned(tmp_path: Path) -> Project:
    """The study, with an engine that the batch starts itself."""
    return engine_study(tmp_path / "owned")


def engine_study(folder: Path) -> Project:
    study = make_study(folder, "http://127.0.0.1:9/v1").set({"models/alpha": None})
    return study.set({"models/alpha": {**EMBEDDED["models/alpha"], "concurrency": 4}})


@pytest.fixture(scope="module")
def quiet(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    project = engine_study(tmp_path_factory.mktemp("quiet") / "owned")
    attempt = launcher.start(project, engine={})
    assert attempt.code() == 0, attempt.told()
    assert_complete(project)
    return content(project)


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param({"slow_start": 1.5}, id="slow start"),
        pytest.param({"rules": [{"times": 5, "do": {"status": 503, "body": {"error": "loading"}}}]}, id="loading"),
        pytest.param({"rules": [{"share": 0.3, "each": 1, "do": {"act": "reset"}}]}, id="resets"),
    ],
)
def test_an_engine_with_a_weakness(
    engine: dict[str, Any], owned: Project, launcher: Launcher, quiet: dict[str, Any]
) -> None:
    attempt = launcher.start(owned, engine=engine)
    assert attempt.code() == 0, attempt.told()
    nothing_runs(launcher)
    assert journaled(owned.results).repeats == 0
    assert_complete(owned, quiet)


HANGS = {
    "speed": 500,
    "values": {"personas.engines.health._TIMEOUT": 30000.0, "personas.engines.supervisor.HEALTH_PATIENCE": 120000.0},
    "engine": {"deadline": 120000.0, "rules": [{"skip": 21, "do": {"act": "hang"}}]},
}
"""The time-out of a request (minutes) passes 500 times faster, and so do the pauses; what a busy machine needs time
for does not: the engine's start, and its answers to whether it is sound."""


@pytest.mark.parametrize(
    ("patches", "code", "name", "finished"),
    [
        pytest.param({"engine": {"slow_start": 60, "deadline": 1.0}}, 74, "engine-out-of-time", 0, id="never ready"),
        pytest.param({"engine": {"no": "such setting"}}, 71, "engine-did-not-start", 0, id="ends before it is ready"),
        pytest.param({"engine": {"rules": [{"skip": 21, "do": {"act": "exit", "pause": 0.05}}]}},
                     72, "engine-died", 1, id="dies in the middle of requests"),
        pytest.param(HANGS, 75, "engine-unavailable", 1, id="hangs"),
    ],
)  # fmt: skip
def test_an_engine_that_fails(
    patches: dict[str, Any],
    code: int,
    name: str,
    finished: int,
    owned: Project,
    launcher: Launcher,
    quiet: dict[str, Any],
) -> None:
    attempt = launcher.start(owned, **patches)
    assert attempt.code() == code, attempt.told()
    assert_one_sentence(attempt, name)
    nothing_runs(launcher)
    before = journaled(owned.results)
    assert bool(before.lines) == bool(finished)

    again = launcher.start(owned, engine={})
    assert again.code() == 0, again.told()
    nothing_runs(launcher)
    assert_kept(before, journaled(owned.results))
    assert_complete(owned, quiet)
