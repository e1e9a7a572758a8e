"""Imported cells are looked after like others: forgotten, listed, and made again."""

import json
from pathlib import Path

from personas.grid.release.cells import IMPORT_VERSION
from personas.plan.frozen import Run, freeze
from personas.workflow.planning import look
from personas.workflow.upkeep.forget import forget
from personas.workflow.upkeep.survey import survey
from tests.released.conftest import Small

GOLDEN = Path(__file__).parent / "golden.json"


def test_a_forgotten_cell_is_imported_again(small_release: Small) -> None:
    grid = small_release.import_all("gemini")
    told = forget(small_release.results, ["responses/gemini/gaston/bfi/*"])
    assert told[0] == "Cells to make again: 2 (2 responses)."
    plan_report = look(grid, small_release.results)
    again = {path: why for path, why in plan_report.reasons.items() if "/gemini/" in path}
    assert set(again.values()) == {"forgotten", "what it judges is made again"} and len(again) == 4


def test_the_hashes_are_nothing_to_remove(small_release: Small) -> None:
    release = small_release.grid().study.release
    assert release is not None
    release.remember(small_release.results)
    found = survey(small_release.results, frozenset())
    assert not found.unknown and not found.removable


def test_an_import_is_no_engine_work(small_release: Small) -> None:
    plan_report = look(small_release.grid(), small_release.results)
    frozen = freeze(plan_report.plan, Run("r", "h", 1, 0.0), small_release.results, plan_report.estimates)
    assert frozen.batches and not frozen.estimates


def test_a_changed_file_is_the_reason(small_release: Small) -> None:
    small_release.import_all("gemini")
    path = small_release.release / "generations/gemini-2.5-flash/bfi_Gaston_3.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")), indent=1), encoding="utf-8")
    plan_report = look(small_release.grid(), small_release.results)
    reasons = [why for path, why in plan_report.reasons.items() if "/gemini/" in path]
    assert reasons == ["released files changed"] * 2, "the responses, and the judgement of them"


def test_the_import_reads_files_as_before(small_release: Small) -> None:
    """What cells hold follows from files and IMPORT_VERSION alone: a change of the former needs one of the latter."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden["import_version"] == IMPORT_VERSION
    for plain_path, expected in golden["rows"].items():
        rows = small_release.rows(plain_path)
        assert [rows[0], rows[-1]] == expected, f"{plain_path} reads otherwise: raise IMPORT_VERSION"
