"""config/released.yaml: the study's grid, planned from names alone."""

from collections import Counter
from pathlib import Path

import pytest

from personas.config import load_config
from personas.core.errors import UserError
from personas.grid.grid import Grid, build_grid
from personas.grid.study import resolve
from personas.workflow.planning import look
from tests.helpers import ROOT
from tests.released.names_only import CONFIG, write_names


def grid(folder: Path) -> Grid:
    overrides = {
        "release": {"folder": str(folder)},
        "machine": {"data_folder": str(folder / "nothing")},
        "results": str(folder / "results"),
    }
    return build_grid(resolve(load_config([CONFIG], overrides), ROOT))


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^release.folder: found '.*', which has no folder generations, expected a"):
        grid(tmp_path)


@pytest.fixture
def names_only(tmp_path: Path) -> Path:
    return write_names(tmp_path)


def test_the_grid_is_the_study_s(names_only: Path) -> None:
    """Planned without a single third-party file: 7 models, 8 personas and the baseline, as in docs/protocol.md."""
    cells = Counter(cell.stage for cell in grid(names_only).cells)
    assert (cells["dialogues"], cells["responses"]) == (7 * 9 * 2 * 2, 7 * 2 * (5 * 8 + 3 + 2 * 8))


def test_judgements_are_those_with_files(names_only: Path) -> None:
    judged = [cell for cell in grid(names_only).cells if cell.judge]
    references = {cell.reference for cell in judged if cell.judge == "selene"}
    assert references == {"dataset", "zero", "previous"} and len(judged) == 4
    assert {tuple(cell.sources) for cell in judged if cell.judge == "flow-judge"} == {("0", "11", "102")}


def test_nothing_is_asked(names_only: Path) -> None:
    plan_report = look(grid(names_only), names_only / "results")
    assert {batch.stage for batch in plan_report.plan.batches} == {"import"}
    assert sum(estimate.requests for estimate in plan_report.estimates.values()) == 0 and not plan_report.fetches
    assert max(len(batch.outputs) for batch in plan_report.plan.batches) <= 100
    assert set(plan_report.reasons.values()) == {"new"}
