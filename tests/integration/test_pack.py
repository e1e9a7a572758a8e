"""A study in one file: whole, checked, without keys and without texts of others; elsewhere it plans nothing."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pyarrow.parquet as pq
import pytest

from personas.core.errors import UserError
from personas.exports.pack.manifest import NAME
from personas.exports.pack.packing import pack
from personas.exports.pack.unpacking import unpack
from personas.exports.study_results import StudyResults
from personas.external.weights_files import locate
from personas.plan import frozen
from personas.requests.transcript import rounds_of
from tests.external import put, refer
from tests.full_config import full_config
from tests.helpers import JUDGE, FakeServer, Project, make_project, personas
from tests.making import make, snapshot, stub

KEY = "sk-very-secret-key"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A finished study of a model and a judge that take a key."""
    with FakeServer() as server, mock.patch.dict(os.environ, {"SOME_KEY": KEY}):
        project = make_project(tmp_path_factory.mktemp("pack") / "project")
        project.set({"models/beta": None, "judges/j": {**JUDGE, "utterances": ["style"]}})
        for place in ("models/alpha", "judges/j/model"):
            project.set({f"{place}/base_url": server.base_url, f"{place}/key_variable": "SOME_KEY"})
        project.set({"machine/data_copy": str(project.folder)})
        make(project)
        assert set(server.keys) == {KEY}
        yield project


@pytest.fixture(scope="module")
def packed(study: Project) -> Path:
    done = personas(study.folder, "pack", "study.zip", "-c", "config.yaml")
    assert done.returncode == 0 and "study.zip: " in done.stdout, done.stderr
    return study.folder / "study.zip"


def test_a_packed_study_plans_nothing_elsewhere(study: Project, packed: Path, tmp_path: Path) -> None:
    elsewhere = Project(tmp_path / "study")
    there = shutil.copy(packed, tmp_path / "it.zip")
    hidden = study.folder.rename(study.folder.with_name("gone"))
    try:
        done = personas(tmp_path, "unpack", str(there), "study")
        assert done.returncode == 0 and "all as they were packed" in done.stdout, done.stderr
        plan = elsewhere.plan_report().plan
        assert not plan.batches and all((elsewhere.results / path).exists() for path in plan.targets)
        status = personas(elsewhere.folder, "plan", "-c", "config.yaml")
        assert "Every cell is current." in status.stdout, status.stdout + status.stderr
    finally:
        hidden.rename(study.folder)
    own = {name: kept for name, kept in snapshot(study).items() if not name.startswith(("journal", "runs", "leases"))}
    assert {name: kept for name, kept in snapshot(elsewhere).items() if name in own} == own
    assert frozen.read(elsewhere.folder / "plan.json").grid.by_path.keys() == study.grid().by_path.keys()


def test_no_key_no_journal_and_no_path_of_this_machine_is_in_it(study: Project, packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        for name in names:
            content = archive.read(name)
            assert KEY.encode() not in content and str(study.folder).encode() not in content, name
        assert not [name for name in names if "journal" in name or name.endswith((".log", ".jsonl~"))]
        assert {"config.yaml", "plan.json", NAME} <= set(names)
        assert not {"results/runs/run-1/plan.json"} & set(names) and [
            n for n in names if n.startswith("results/runs/")
        ]


def test_there_is_no_second_file_of_a_name(study: Project, packed: Path, tmp_path: Path) -> None:
    done = personas(study.folder, "pack", "study.zip", "-c", "config.yaml")
    assert done.returncode == 1 and done.stderr == "study.zip: found something there, expected a new file.\n"
    (tmp_path / "full").mkdir()
    (tmp_path / "full/of.it").touch()
    with pytest.raises(UserError, match="found something there, expected no such folder, or an empty one"):
        list(unpack(packed, tmp_path / "full"))


def _again(packed: Path, path: Path, edit: Callable[[dict[str, bytes]], object]) -> Path:
    """Write an archive again with edited entries."""
    with zipfile.ZipFile(packed) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    edit(entries)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def _manifest(entries: dict[str, bytes], edit: Callable[[dict], object]) -> None:
    told = json.loads(entries[NAME])
    edit(told)
    entries[NAME] = json.dumps(told).encode()


def _moved(to: str) -> Callable[[dict[str, bytes]], None]:
    def edit(entries: dict[str, bytes]) -> None:
        entries[to] = entries.pop("config.yaml")
        _manifest(entries, lambda told: told["files"].update({to: told["files"].pop("config.yaml")}))

    return edit


EDITS: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "another byte": (
        lambda e: e.update({"config.yaml": e["config.yaml"] + b" "}),
        "'config.yaml' is not what was packed",
    ),
    "as long": (lambda e: e.update({"config.yaml": e["config.yaml"][::-1]}), "'config.yaml' is not what was packed"),
    "one more": (lambda e: e.update({"more": b""}), "'more' is in it or in its manifest.json only"),
    "one less": (lambda e: e.pop("config.yaml"), "'config.yaml' is in it or in its manifest.json only"),
    "no manifest": (lambda e: e.pop(NAME), "has no manifest.json"),
    "no JSON": (lambda e: e.update({NAME: b"\x80\x04K\x01."}), "its manifest.json cannot be read"),
    "up": (_moved("../config.yaml"), r"found the path '../config.yaml', expected paths inside"),
    "absolute": (_moved("/etc/config.yaml"), "found the path '/etc/config.yaml', expected paths inside"),
    "backslash": (_moved("..\\config.yaml"), "expected paths inside"),
    "a link that leads out": (
        lambda e: _manifest(e, lambda told: told["links"].update({"tables/x": "../../x"})),
        "found the path '../../x', expected paths inside",
    ),
    "a later version": (
        lambda e: _manifest(e, lambda told: told.update(version=2)),
        "found .* of version 2, expected",
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_what_is_not_as_it_was_packed_is_refused(packed: Path, tmp_path: Path, case: str) -> None:
    edit, sentence = EDITS[case]
    file = _again(packed, tmp_path / "edited.zip", edit)
    with pytest.raises(UserError, match=sentence):
        list(unpack(file, tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["edited.zip"]


def test_a_link_in_an_archive_is_refused(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as archive, zipfile.ZipFile(tmp_path / "edited.zip", "w") as edited:
        for name in archive.namelist():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16 if name == "config.yaml" else 0
            edited.writestr(info, archive.read(name))
    with pytest.raises(UserError, match=r"'config.yaml' is a link or the like"):
        list(unpack(tmp_path / "edited.zip", tmp_path / "out"))


def test_what_is_no_archive_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive")
    done = personas(tmp_path, "unpack", "text", "out")
    assert done.returncode == 1 and done.stderr.startswith("text: cannot be read (") and done.stderr.count("\n") == 1


def test_cells_keep_what_they_say_of_themselves(packed: Path, study: Project, tmp_path: Path) -> None:
    list(unpack(packed, tmp_path / "out"))
    for path in sorted((study.results / "dialogues").rglob("*.parquet")):
        there = tmp_path / "out/results" / path.relative_to(study.results)
        assert pq.read_schema(there).equals(pq.read_schema(path), check_metadata=True)


def test_weights_a_release_and_comparisons_need_not_be_there(project: Project, tmp_path: Path) -> None:
    grid = full_config(project).grid()
    stub(project.folder / "out" / grid.cells[0].path)
    list(pack(StudyResults(grid, (), project.folder / "out"), tmp_path / "full.zip"))
    list(unpack(tmp_path / "full.zip", tmp_path / "there"))
    project.folder.rename(tmp_path / "gone")
    there = Project(tmp_path / "there").grid()
    assert there.by_path.keys() == grid.by_path.keys()
    config = (tmp_path / "there/config.yaml").read_text(encoding="utf-8")
    assert str(project.folder) not in config and "machine" not in config and "weights: fingerprint:" in config
    with pytest.raises(UserError, match=r"found 'fingerprint:.*which is no file, expected a GGUF file"):
        locate(there.study.config.models["gamma"].model_dump()["weights"], "models.gamma.weights")


def test_texts_of_others_are_named_and_not_packed(project: Project, tmp_path: Path) -> None:
    with FakeServer() as server:
        project.set({"models/beta": None, "models/alpha/base_url": server.base_url})
        put(refer(project).folder / "external")
        make(project)
    done = personas(project.folder, "pack", "it.zip", "-c", "config.yaml")
    assert "Not in it: texts of " in done.stdout, done.stderr
    lines = list(unpack(project.folder / "it.zip", tmp_path / "there"))
    assert any("personas fetch --data -c config.yaml" in line for line in lines)
    there = Project(tmp_path / "there")
    plan = there.plan_report().plan
    assert not plan.batches and there.study().absent
    for stage, asked in (("dialogues", "user"), ("responses", "prompt")):
        tables = [pq.read_table(path) for path in sorted((there.results / stage).rglob("*.parquet"))]
        assert tables and all(table[asked].null_count == table.num_rows for table in tables)
        assert all(table["answer"].null_count == 0 for table in tables)
    texts = [path.read_text() for path in there.folder.rglob("*") if path.suffix in (".yaml", ".json")]
    items = [item for items in project.study().items.values() for item in items]
    assert not [item for item in items if any(item.prompt in text for text in texts)]
    dialogue = next((there.results / "dialogues").rglob("*.parquet"))
    with pytest.raises(UserError, match="A packed study has no user of third-party texts"):
        rounds_of(pq.read_table(dialogue))
