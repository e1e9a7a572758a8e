"""Export is import undone: the same files with the same content."""

import csv
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from personas.core.errors import UserError
from personas.exports.formats import FORMATS
from personas.exports.release.exporter.export import Export, export
from personas.exports.study_results import StudyResults
from personas.grid.grid import Grid
from personas.workflow.artefacts import downstream
from tests.released.conftest import Small
from tests.released.test_import import edit_json


def _export(grid: Grid, results: Path, folder: Path) -> Export:
    return export(grid, downstream(grid), results, folder)


def content(path: Path) -> object:
    """What a released file says, whatever the layout of its JSON."""
    text = path.read_bytes().decode()
    if path.suffix == ".json":
        return json.loads(text)
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def spoken_and_judged(folder: Path, but: Sequence[str] = ()) -> dict[str, object]:
    """What was said and judged, by path, but for some files."""
    return {
        path.relative_to(folder).as_posix(): content(path)
        for part in ("generations", "metrics")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file() and path.relative_to(folder).as_posix() not in but
    }


def exported(imported_release: Small) -> Export:
    return _export(imported_release.import_all(), imported_release.results, imported_release.folder / "out")


def test_what_was_imported_comes_out_again(imported_release: Small) -> None:
    for place, value in enumerate((None, "", "naïve\r\n😀")):
        edit_json(imported_release, "generations/gemini-2.5-flash/inst-xstest_HAL_9000_6.json", place, value)
    done = exported(imported_release)
    assert spoken_and_judged(imported_release.folder / "out") == spoken_and_judged(imported_release.release)
    assert not done.left_out


def test_what_was_not_there_is_not_written(imported_release: Small) -> None:
    gone = "generations/gemma-3-4b-it/bfi_HAL_9000_3.json"
    (imported_release.release / gone).unlink()
    done = exported(imported_release)
    expected = spoken_and_judged(imported_release.release)
    assert spoken_and_judged(imported_release.folder / "out") == expected and list(done.left_out) == [gone]


def test_cells_that_are_missing_are_told(small_release: Small) -> None:
    done = _export(small_release.grid(), small_release.results, small_release.folder / "out")
    assert not done.paths and len(done.left_out) == 1173
    told = list(done.messages(small_release.folder / "out"))
    assert told[1].startswith("Not written: 1,173 files (its cell is missing; run the workflow first), the first is")


def test_judgements_that_the_notebooks_do_not_read_are_told(imported_release: Small) -> None:
    out = imported_release.folder / "out"
    assert not any("Judge " in line for line in exported(imported_release).messages(out / "one"))
    imported_release.configure(**{"judges__flow-judge__form": "json"})
    shutil.rmtree(out)
    done = exported(imported_release)
    [told] = [line for line in done.messages(out) if line.startswith("Judge ")]
    files = sum("metrics/" in path and "/flow-judge" in path.lower() for path in done.paths)
    assert told == (
        f"Judge flow-judge: {files} files hold texts in form json, in which the study's notebooks find no verdict; "
        "they read those of form reasoning-result or feedback-score."
    )


def test_a_folder_with_something_in_it_is_refused(imported_release: Small) -> None:
    results = StudyResults(imported_release.grid(), [], imported_release.results)
    with pytest.raises(UserError, match=r"study: found something there, expected no such folder, or an empty one"):
        list(FORMATS["release"].export(results, imported_release.folder / "study"))
