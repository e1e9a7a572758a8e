"""`personas export`: every format is found by its name, and mistakes are one sentence."""

import sys

import pyarrow as pa
import pytest

from personas.config import load_config
from personas.exports.card import card
from personas.exports.formats import FORMATS
from personas.exports.third_party import third_party_columns
from personas.grid.grid import Grid, build_grid
from personas.grid.study import resolve
from tests.helpers import ROOT, Project, personas


def test_formats_are_listed_with_what_they_are(project: Project) -> None:
    done = personas(project.folder, "export")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(FORMATS)
    assert all(each.description in done.stdout for each in FORMATS.values()) and "release" in FORMATS
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--to", "xls", "out"], "personas export --to: found the format 'xls', expected one of "),
        (["out"], "personas export --to: found no format, expected one of "),
        (["--to", "release"], "personas export --to release: found no folder, expected one to write to."),
        (["--to", "release", "items", "-c", "config.yaml"], "items: found something there, expected no such folder,"),
    ],
)
def test_mistakes_are_one_sentence(project: Project, arguments: list[str], sentence: str) -> None:
    done = personas(project.folder, "export", *arguments)
    assert done.returncode == 1 and done.stderr.startswith(sentence) and done.stderr.count("\n") == 1


def test_without_inspect_a_sentence_says_what_to_install(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("personas.exports.inspect_logs")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    done = personas(project.folder, "export", "--to", "inspect", "out", "-c", "config.yaml")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "uv sync --extra inspect" in done.stderr


def test_the_old_spelling_does_the_same(project: Project) -> None:
    new = personas(project.folder, "export", "--to", "release", "one", "-c", "config.yaml")
    old = personas(project.folder, "export-released", "two", "-c", "config.yaml")
    assert new.returncode == old.returncode == 0, new.stderr + old.stderr
    assert old.stdout == new.stdout.replace("one:", "two:") != ""


@pytest.fixture(scope="module")
def paper() -> Grid:
    """The study, whose items and user turns are others'."""
    return build_grid(resolve(load_config([ROOT / "config/paper.yaml"]), ROOT))


def test_columns_with_texts_of_others_are_known(project: Project, paper: Grid) -> None:
    of_stage = {cell.stage: third_party_columns(paper.study, cell) for cell in paper.cells}
    assert of_stage == {"dialogues": ("user",), "responses": ("prompt",), "judgements": ()}
    own = project.grid()
    assert {third_party_columns(own.study, cell) for cell in own.cells} == {()}


def test_the_card_names_every_source_with_its_licence(paper: Grid) -> None:
    written = card(paper.study, {"dialogues": pa.schema([("round", pa.int32())])})
    for source in paper.study.store.catalogue.sources.values():
        assert source.licence in written and source.citation in written and source.revision in written
    assert "`benchmarks.xstest.items`: `xstest_prompts.csv`" in written
    assert "dtype: int32" in written and '"dialogues", split="train"' in written
