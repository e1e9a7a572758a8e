"""Snakemake plans and makes what the exactness table says, and what the plan in one process says, to the very end."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.helpers import FakeServer
from tests.precision.conftest import FIRST, FirstRun
from tests.precision.edits import Study
from tests.precision.in_process import planned
from tests.precision.table import COOK, NEW_SHUFFLE, ROWS
from tests.precision.world import WORLD, World

pytestmark = [pytest.mark.workflow, pytest.mark.precision]

DISJOINT = ("one rubric", "order added", "script of a figure")
"""No file that the third touches is one of the others'."""
ADDED = ("persona added, with an item of its own", "model added", "benchmark added", "judge added", "replicate added")
"""Each brings files of new names, for which there must be a rule."""


def test_the_first_row(first_run: FirstRun, run_study: Study) -> None:
    """That Snakemake has nothing to do then is shown in `test_nothing`."""
    assert first_run.planned == first_run.made == ROWS[FIRST].truth()
    assert planned(run_study.folder) == set()
    assert run_study.current() == WORLD.cells() | WORLD.artefacts()


def test_several_rows_at_once(run_study: Study) -> None:
    truth = _edit(run_study, DISJOINT, NEW_SHUFFLE)
    assert run_study.dry_run() == planned(run_study.folder) == truth
    assert run_study.execute() == truth
    assert run_study.dry_run() == set()
    assert run_study.current() == NEW_SHUFFLE.cells() | NEW_SHUFFLE.artefacts()


def test_everything_added_at_once(run_study: Study) -> None:
    wide = WORLD.but(
        models=("one", "two", "three"),
        personas=("lighthouse-keeper", "pastry-chef", COOK),
        benchmarks=("general", "ifbench", "xstest"),
        judges=("jay", "kay"),
        replicates=2,
    )
    truth = _edit(run_study, ADDED, wide)
    assert run_study.dry_run() == planned(run_study.folder) == truth


def _edit(study: Study, names: Sequence[str], world: World) -> set[str]:
    """Edit the study as several rows do, and return the truth in the world after them."""
    rows = [ROWS[name] for name in names]
    for row in rows:
        row.edit(study)
    return set().union(*(row._replace(world=world).truth() for row in rows))


def test_revert_without_snakemakes_memory(finished: Path, run_study: Study, server: FakeServer) -> None:
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
