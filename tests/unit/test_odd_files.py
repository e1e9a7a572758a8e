"""Inputs that hang, overflow or cannot be encoded end in one sentence."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from personas.benchmarks.reading import read_csv, read_json, read_jsonl
from personas.config.personas import PersonasSection
from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml
from personas.grid.reading.cast import from_descriptions, of_folder
from tests.helpers import Project, personas

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


def sentence(error: pytest.ExceptionInfo[UserError]) -> str:
    told = str(error.value)
    assert "\n" not in told and len(told.encode()) < 500
    return told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(ALIASES, "its aliases stand for more than", id="aliases"),
        pytest.param(MERGES, "its aliases stand for more than", id="merges"),
        pytest.param("a: &a [*a]\n", "its aliases stand for more than", id="a list in itself"),
        pytest.param("a: " + "[" * 900 + "]" * 900, "nested too deeply", id="brackets"),
    ],
)
def test_yaml_that_would_not_end(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=says) as error:
        read_yaml(tmp_path / "x.yaml")
    sentence(error)


def test_an_alias_is_no_bomb(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: &a {b: 1}\nc: {<<: *a, d: [*a, *a]}\n", encoding="utf-8")
    assert read_yaml(tmp_path / "x.yaml") == {"a": {"b": 1}, "c": {"b": 1, "d": [{"b": 1}, {"b": 1}]}}


def test_slugs_that_together_make_too_long_a_name_are_told_before_anything_is_asked(project: Project) -> None:
    long = {slug: (slug + "x" * 80)[:80] for slug in project.raw()["conditions"]}
    conditions = {long[slug]: section for slug, section in project.raw()["conditions"].items()}
    benchmarks = {"b" * 80: {**project.raw()["benchmarks"]["xstest"], "kind": "xstest"}}
    done = personas(
        project.edit(conditions=conditions, benchmarks=benchmarks).folder, "validate", "-c", "config.yaml"
    )
    assert done.returncode == 1
    assert re.fullmatch(
        r"figures/difference-\S+: a file name of \d+ letters, expected 240 at most; shorten the slugs of the config "
        r"that stand in it\.\n",
        done.stderr,
    )


@pytest.mark.parametrize("read", [read_yaml, read_json, read_jsonl, lambda path: read_csv(path, ())])
def test_a_pipe_or_a_device_is_not_read(tmp_path: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "x")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("x", "zero"):
        with pytest.raises(UserError, match="found a pipe, a device") as error:
            read(tmp_path / name)
        sentence(error)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param(
            r'{"q": "whole \ud83d\ude00", "a": ["x", "half \ud83d"]}', "line 2: field 'a' has half", id="half"
        ),
        pytest.param(r'{"\uDE00": 1}', "line 2: field .* has half", id="half in a name"),
        pytest.param('{"a": ' + "9" * 5000 + "}", "line 2: .*digits", id="digits"),
        pytest.param('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "line 2: .*nested too deeply", id="brackets"),
    ],
)
def test_a_line_that_cannot_be_kept(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "x.jsonl").write_text(f'{{"q": "fine \\ud83d\\ude00"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(UserError, match=says) as error:
        read_jsonl(tmp_path / "x.jsonl")
    sentence(error)


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,prompt,prompt\n1,a,b\n", encoding="utf-8")
    with pytest.raises(UserError, match='header: column "prompt" stands there twice'):
        read_csv(tmp_path / "x.csv", ("id",))


def test_names_that_no_file_system_takes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="80 at most"):
        from_descriptions({"a" * 200: "You are long."}, "roles.json")
    (tmp_path / f"{'a' * 200}.yaml").write_text("role: a\ndescription: b\n", encoding="utf-8")
    with pytest.raises(UserError, match="80 at most"):
        of_folder(PersonasSection(folder="."), tmp_path)


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.yaml")).write_text("role: a\ndescription: b\n", encoding="utf-8")
    with pytest.raises(UserError, match="expected one in UTF-8") as error:
        of_folder(PersonasSection(folder="."), tmp_path)
    sentence(error)
