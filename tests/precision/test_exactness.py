"""For every kind of edit: what is planned, what a run makes, and the truth are one set.

The truth is written down by hand (`table`). Here a run is one process, without Snakemake; that Snakemake plans and
makes the same is shown in `test_snakemake`. A fast server stands in for the models, because what is tested is the
plan and not the text.
"""

import pytest

from tests.precision.edits import Study
from tests.precision.in_process import course, marks
from tests.precision.table import ROWS
from tests.precision.world import WORLD

pytestmark = pytest.mark.precision

ENGINE = ("dialogues/", "responses/", "judgements/")


@pytest.mark.parametrize("row", ROWS)
def test_planned_made_and_truth_are_one(study: Study, row: str) -> None:
    ROWS[row].edit(study)
    truth, before = ROWS[row].truth(), marks(study.results)
    cells = {path for path in truth if path.startswith(ENGINE)}
    found = course(study.folder)
    assert found.planned == truth
    assert found.cells == cells
    assert found.left == found.rest == truth - cells, "what was made is current"
    world = ROWS[row].world
    assert study.current() == world.cells() | world.artefacts()
    assert all((study.results / path).exists() for path in before), "results of other grids stay"


def test_the_world_is_the_grid(study: Study) -> None:
    """The list by hand and the finished study name the same files, so that no row is true of nothing."""
    assert study.current() == WORLD.cells() | WORLD.artefacts()
