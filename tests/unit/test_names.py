"""Names of files and roles as people and their computers write them."""

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from personas.benchmarks.role_specific import RoleSpecific, without_role
from personas.config.base import slug_of
from personas.config.personas import PersonasSection
from personas.core.errors import UserError
from personas.grid.comparisons import published_files
from personas.grid.reading.cast import from_descriptions, of_folder
from personas.grid.reading.parts import as_asked
from personas.prompts.judge.texts import load_texts
from tests.helpers import ROOT

PERSONA = "role: The {0}\ndescription: You are {0}.\n"


def folder_of(tmp_path: Path, *names: str) -> Path:
    (tmp_path / "p").mkdir()
    for name in names:
        (tmp_path / "p" / name).write_text(PERSONA.format(name.split(".")[0]), encoding="utf-8")
    return tmp_path


def slugs(root: Path) -> list[str]:
    return list(of_folder(PersonasSection(folder="p"), root))


def test_yml_counts_and_dot_files_never_do(tmp_path: Path) -> None:
    root = folder_of(tmp_path, "b.yaml", "a.yml", "c.YAML", "._b.yaml", ".hidden.yml", "notes.txt")
    (root / "p/._b.yaml").write_bytes(b"\x00\x05\x16\x07")
    assert slugs(root) == ["a", "b", "c"]


def test_dot_files_beside_published_numbers_do_not_count(tmp_path: Path) -> None:
    for name in ("b.csv", "a.CSV", "._b.csv", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in published_files(tmp_path)] == ["a.CSV", "b.csv"]


@pytest.mark.parametrize("name", ["template.yml", "knowledge.yaml"])
def test_a_yaml_file_that_judges_would_not_read_is_told(tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(ROOT / "config/judges/default", tmp_path / "texts")
    (folder / "._template.yaml").write_bytes(b"\x00")
    load_texts(folder)
    (folder / name).write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=rf"{name}: found this name, expected template\.yaml alone here"):
        load_texts(folder)


def test_one_persona_in_two_files_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.yaml and .*a\.yml.*expected one file"):
        slugs(folder_of(tmp_path, "a.yaml", "a.yml"))


def test_names_of_other_scripts_have_slugs_of_their_own(tmp_path: Path) -> None:
    found = slugs(folder_of(tmp_path, "老师.yaml", "学生.yaml", "Zoë.yaml", "gaston.yaml"))
    assert len({*found}) == 4 and {"gaston", "zoe"} < {*found} and all(slug.isascii() for slug in found)
    of_roles = from_descriptions({"老师": "You teach.", "学生": "You learn.", "empty": ""}, "roles.json")
    assert {*of_roles} == {*found} - {"gaston", "zoe"} and [one.role for one in of_roles.values()] == ["老师", "学生"]


def test_a_name_without_a_letter_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="letters"):
        from_descriptions({"?!": "You are nobody."}, "roles.json")
    with pytest.raises(UserError, match="found the slug 'my persona'"):
        slugs(folder_of(tmp_path, "my persona.yaml"))


@pytest.mark.parametrize("role", ["老师", "Zoë", "Ребекка", "Åsa Ängström"])
def test_a_slug_does_not_depend_on_how_a_name_is_composed(role: str) -> None:
    assert slug_of(unicodedata.normalize("NFD", role)) == slug_of(unicodedata.normalize("NFC", role)) != ""


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_items_of_a_role_are_found_however_its_file_name_is_composed(
    tmp_path: Path, form: Literal["NFC", "NFD"]
) -> None:
    for role in ("Zoë", "老师"):
        name = unicodedata.normalize(form, role)
        row = {"question": f"{role}, who are you?", "answer": "Me."}
        (tmp_path / f"role-specific-{name}.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (tmp_path / "._role-specific-x.jsonl").write_bytes(b"\x00\x05\x16\x07")
    kind = RoleSpecific()
    for asked in (unicodedata.normalize("NFC", "Zoë"), unicodedata.normalize("NFD", "Zoë"), "老师"):
        [item] = kind.items_for(as_asked(kind.load(tmp_path), [asked]), asked)
        assert unicodedata.normalize("NFC", item.prompt.partition(",")[0]) == unicodedata.normalize("NFC", asked)
        assert without_role(item.prompt, item.role) == "Who are you?"
