"""Snakemake plans and makes what the exactness table says, and what the plan in one process says, to the very end."""

import shutil
from pathlib import Path

import pytest

from tests.helpers import FakeServer, copy_project
from tests.precision.conftest import FIRST, RUNS_SNAKEMAKE, FirstRun
from tests.precision.edits import Study
from tests.precision.in_process import STAGES, planned
from tests.precision.table import COOK, ROWS
from tests.precision.test_nothing import NOTHING
from tests.precision.world import WORLD

pytestmark = [pytest.mark.precision, *RUNS_SNAKEMAKE]

EVERYTHING = WORLD.cells() | WORLD.artefacts()
ADDED = ("persona added, with an item of its own", "model added", "benchmark added", "judge added", "replicate added")
"""Each brings files of new names, for which there must be a rule."""


def test_the_first_rows(first_run: FirstRun, run_study: Study) -> None:
    """That Snakemake has nothing to do then is shown below, where it runs again."""
    truth = set().union(*(ROWS[name].truth() for name in FIRST))
    assert first_run.planned == first_run.made == truth
    assert planned(run_study.folder) == set()
    assert run_study.current() == EVERYTHING


def test_script_of_a_figure(run_study: Study) -> None:
    row = ROWS["script of a figure"]
    row.edit(run_study)
    assert run_study.dry_run() == planned(run_study.folder) == row.truth()
    assert run_study.execute() == row.truth()
    assert run_study.dry_run() == set()
    assert run_study.current() == EVERYTHING


def test_everything_added_at_once(run_study: Study) -> None:
    wide = WORLD.but(
        models=("one", "two", "three"),
        personas=("lighthouse-keeper", "pastry-chef", COOK),
        benchmarks=("general", "ifbench", "xstest"),
        judges=("jay", "kay"),
        replicates=2,
    )
    rows = [ROWS[name]._replace(world=wide) for name in ADDED]
    for row in rows:
        row.edit(run_study)
    truth = set().union(*(row.truth() for row in rows))
    assert run_study.dry_run() == planned(run_study.folder) == truth


def test_revert_without_snakemakes_memory(finished: Path, run_study: Study, server: FakeServer) -> None:
    """Back and forth between two versions of two texts: only the first time costs. Figures are by content."""
    figure = run_study.results / "current/figures/by-checkpoint.pdf"
    drawn, edited = (finished / "results/current/figures/by-checkpoint.pdf").read_bytes(), figure.read_bytes()
    assert drawn != edited
    shutil.copytree(finished / "config", run_study.folder / "config", dirs_exist_ok=True)
    shutil.rmtree(run_study.folder / ".snakemake")
    assert run_study.execute() == set()
    assert figure.read_bytes() == drawn, "the link shows the figure of this grid again"

    for name in FIRST:
        ROWS[name].edit(run_study)
    assert run_study.execute() == set()
    assert figure.read_bytes() == edited
    assert server.count == 0


def test_all_that_shapes_nothing_at_once(run_study: Study, server: FakeServer) -> None:
    """Also what the plan does not look at, but Snakemake might: times of results, and a folder of a profile."""
    for edit in NOTHING.values():
        edit(run_study)
    for path in run_study.results.rglob("*.parquet"):
        if not path.is_symlink():
            path.touch()  # as if copied without times, in any order
    (run_study.folder / "profiles/mine").mkdir()
    assert run_study.execute("--set-resources", "generate:runtime=9") == set()
    assert server.count == 0


def test_a_clone_with_copied_results_needs_no_engine(run_study: Study, tmp_path: Path, server: FakeServer) -> None:
    """A fresh checkout, results copied without times and without links: all scripts look newer than results."""
    clone = Study(tmp_path / "clone")
    copy_project(clone.folder)
    shutil.copytree(run_study.folder / "config", clone.folder / "config", dirs_exist_ok=True)
    for stage in STAGES:
        shutil.copytree(run_study.results / stage, clone.results / stage, copy_function=shutil.copyfile)
    for path in clone.folder.glob("scripts/**/*.py"):
        path.touch()
    assert clone.execute() == set()
    assert server.count == 0
    assert clone.current() == EVERYTHING, "current/ is refreshed although nothing was done"
