"""Two starts of Snakemake on the same files: one works, the other says so in one sentence and changes nothing."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checkout import Snakemake, make_checkout
from tests.faults.conftest import compare
from tests.faults.finished import Journaled, assert_complete
from tests.faults.processes import killed_with, marked, wait_for_none, wait_until
from tests.faults.program import FaultServer
from tests.faults.runs import Launcher
from tests.helpers import PATIENCE

pytestmark = pytest.mark.faults

SENTENCE = "is making some of the same files"


@pytest.mark.parametrize("together", [False, True], ids=["one after the other", "at the same moment"])
def test_two_starts(
    together: bool, server: FaultServer, launcher: Launcher, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    project, mark = make_checkout(tmp_path / "checkout", server.base_url), uuid.uuid4().hex
    server.program(pace=600)
    with killed_with(mark):
        runs = [Snakemake(project.folder, mark, "generate")]
        if not together:
            wait_until(lambda: server.asked(), "the first run to ask")
        runs.append(Snakemake(project.folder, mark, "generate"))
        wait_until(lambda: any(run.over() for run in runs), "one of the two to give way")
        server.set_pace(0)
        ended = [run.finished() for run in runs]
        wait_for_none(lambda: marked(mark), PATIENCE)
    assert sorted(ended) == [False, True] and (together or ended[0]), [run.told() for run in runs]
    loser, winner = runs[ended.index(False)], runs[ended.index(True)]
    sentences = [line for line in loser.told().splitlines() if SENTENCE in line]
    assert len(sentences) == 1 and f"process {winner.process.pid} on" in sentences[0], loser.told()
    assert "Traceback" not in loser.told() and SENTENCE not in winner.told()
    assert len(list(project.results.glob("runs/*/plan.json"))) == 1, "the second has left a plan"
    compare(project, Journaled({}, frozenset(), 0), server, launcher)
    assert_complete(project, undisturbed)
