"""Snakemake plans and makes what the exactness table says, and what the plan in one process says, to the very end.

The rows begin where the first of them ended: there Snakemake made nearly every file, and remembers how.
"""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers import FakeServer, answer, said
from tests.precision.conftest import FIRST, FirstRun
from tests.precision.edits import Study
from tests.precision.in_process import planned
from tests.precision.table import NEW_SHUFFLE, ROWS
from tests.precision.world import WORLD

pytestmark = [pytest.mark.workflow, pytest.mark.precision]

EVERYTHING = WORLD.cells() | WORLD.artefacts()


def test_the_first_row(first_run: FirstRun, run_study: Study) -> None:
    """That Snakemake has nothing to do then is shown in `test_nothing`."""
    assert first_run.planned == first_run.made == ROWS[FIRST].truth()
    assert planned(run_study.folder) == set()
    assert run_study.current() == EVERYTHING


@pytest.mark.parametrize("row", ["one rubric", "script of a figure"])
def test_planned_made_and_truth_are_one(run_study: Study, row: str) -> None:
    ROWS[row].edit(run_study)
    truth = ROWS[row].truth()
    assert run_study.dry_run() == planned(run_study.folder) == truth
    assert run_study.execute() == truth
    assert planned(run_study.folder) == set()
    assert run_study.current() == EVERYTHING


def _words(study: Study) -> float:
    """The mean answer length of the personas, as the overview's own table has it."""
    series = pd.read_parquet(study.results / "current/tables/by-checkpoint.parquet")
    rows = series[(series["panel"] == "words") & (series["group"] == "persona")]
    return float(rows["mean"].mean())


def test_a_response_removed_and_a_run_that_ends_before_it_is_judged(run_study: Study, server: FakeServer) -> None:
    """Its judgement and tables have the right name, but the answer reads differently now, and the journal is lost."""
    row = ROWS["response removed, its judgement exists"]
    words = _words(run_study)
    server.decide = lambda body: answer("another text " * 9 + said(body["messages"]))
    row.edit(run_study)
    shutil.rmtree(run_study.results / "journal")
    assert run_study.dry_run() == planned(run_study.folder) == row.truth()
    response = {"responses/one/pastry-chef/xstest/goal-oriented-fixed.parquet"}
    assert run_study.execute("generate") == response
    left = row.truth() - response
    assert planned(run_study.folder) == left
    assert run_study.current() == EVERYTHING - left
    assert run_study.execute() == left
    assert run_study.dry_run() == set()
    assert run_study.current() == EVERYTHING
    assert _words(run_study) > words, "the table shows the new text"


def test_several_edits_at_once(run_study: Study) -> None:
    names = ("benchmark removed", "order added", "one rubric", "judgement removed", "script of a figure")
    rows = [ROWS[name] for name in names]
    for row in rows:
        row.edit(run_study)
    world = NEW_SHUFFLE.but(benchmarks=("xstest",))
    truth = {path for path in world.cells() if any(re.search(row.cells, path) for row in rows)}
    truth |= {path for path in world.artefacts() if any(re.search(row.artefacts, path) for row in rows)}
    assert run_study.dry_run() == planned(run_study.folder) == truth


def test_revert_without_snakemakes_memory(
    finished: Path, first_run: FirstRun, run_study: Study, server: FakeServer
) -> None:
    """Back and forth between two versions of a persona: only the first time costs. Figures are by content."""
    figure = run_study.results / "current/figures/by-checkpoint.pdf"
    drawn, edited = (finished / "results/current/figures/by-checkpoint.pdf").read_bytes(), figure.read_bytes()
    assert drawn != edited
    persona = "config/personas/pastry-chef.yaml"
    shutil.copy(finished / persona, run_study.folder / persona)
    shutil.rmtree(run_study.folder / ".snakemake")
    assert run_study.execute() == set()
    assert figure.read_bytes() == drawn, "the link shows the figure of this grid again"

    ROWS[FIRST].edit(run_study)
    assert run_study.execute() == set()
    assert figure.read_bytes() == edited
    assert server.count == 0
