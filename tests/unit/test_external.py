"""Third-party texts by reference: one grid before and after they are here, and no model ever reads a stand-in."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from personas.core.canonical import digest
from personas.core.errors import UserError
from personas.external.catalogue import _tell_of_rename
from personas.plan.costs.estimate import total
from personas.plan.frozen import read
from tests.external import catalogue, put, refer
from tests.helpers import FakeServer, Project, by_plain_path, changed, digests


@pytest.fixture
def referring(served: Project) -> Project:
    """The tiny study with all its texts by reference, none of them here."""
    return refer(served)


def is_asked(project: Project) -> dict[str, tuple[int, int]]:
    """Return rows and requests of every missing cell."""
    return {path: (e.rows, e.requests) for path, e in project.plan_report().estimates.items()}


def test_digests_and_counts_are_the_same_before_and_after_the_files_come(referring: Project) -> None:
    before, asked = by_plain_path(referring.grid()), is_asked(referring)
    assert len(referring.study().absent) == 10
    put(referring.folder / "external")
    study = referring.study()
    assert study.absent == [] and study.turns["interview"]["fixed"][0] == "Hello, {role}."
    assert by_plain_path(referring.grid()) == before and is_asked(referring) == asked


@pytest.mark.parametrize(
    "place", ["study/data/roles", "study/data/interview", "xstest", "rolebench", "rolebench/instr"]
)
def test_they_are_the_same_with_any_of_the_files(referring: Project, place: str) -> None:
    before = by_plain_path(referring.grid())
    put(referring.folder / "external", place)
    assert by_plain_path(referring.grid()) == before


def test_judgements_and_tables_have_the_same_names_too(judged: Project) -> None:
    refer(judged)
    before = judged.plan_report().plan.targets
    assert any(target.startswith("judgements/") for target in before)
    put(judged.folder / "external")
    assert judged.plan_report().plan.targets == before


def test_a_persona_bound_benchmark_has_the_cells_of_its_roles(referring: Project) -> None:
    sets = {cell.as_persona for cell in referring.grid().cells if cell.benchmark == "general"}
    assert sets == {None, "maren-holt", "otto-brindle"}


def test_a_persona_that_a_data_set_does_not_know_has_no_cells_of_it(referring: Project) -> None:
    """Neither before nor after the files are here: a cell must not vanish when they come."""
    own = {"folder": "personas"}
    referring.edit_persona("cook", role="Cook", description="You cook.")
    before = by_plain_path(referring.set({"personas": own}).grid())
    assert not any("/cook/general/" in path or "/cook/role-specific/" in path for path in before)
    assert any("/cook/xstest/" in path for path in before) and any("/keeper/general/" in path for path in before)
    put(referring.folder / "external")
    assert by_plain_path(referring.grid()) == before
    assert by_plain_path(referring.set({"personas/include": ["cook"]}).grid()).items() < before.items()


def test_personas_can_be_chosen_from_a_file_of_roles(referring: Project) -> None:
    before = by_plain_path(referring.grid())
    after = by_plain_path(referring.set({"personas/include": ["otto-brindle"]}).grid())
    assert after.items() < before.items() and not any("maren-holt" in path for path in after)
    with pytest.raises(UserError, match=r"personas.include: found otto, expected some of maren-holt, otto-brindle"):
        referring.set({"personas/include": ["otto"]}).grid()


def test_a_file_of_roles_can_be_one_s_own(project: Project) -> None:
    (project.folder / "roles.json").write_text('{"Maren Holt": "You keep a lighthouse.", "empty": ""}')
    study = project.set({"personas": {"roles": "roles.json"}}).study()
    assert {slug: persona.role for slug, persona in study.personas.items()} == {"maren-holt": "Maren Holt"}
    (project.folder / "roles.json").write_text('{"Maren Holt": 3}')
    with pytest.raises(UserError, match="description"):
        project.study()


def edit_catalogue(project: Project, edit: Callable[[dict[str, Any]], object]) -> Project:
    raw = catalogue()
    edit(raw)
    (project.folder / "sources.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    return project


@pytest.mark.parametrize(
    ("source", "touched"),
    [
        ("xstest", lambda path: "/xstest/" in path),
        ("rolebench", lambda path: "/role-specific/" in path or "/general/" in path),
        ("study", lambda path: True),
    ],
)
def test_another_revision_is_another_text(referring: Project, source: str, touched: Callable[[str], bool]) -> None:
    before = referring.grid()
    after = edit_catalogue(referring, lambda raw: raw[source].update(revision="f" * 40)).grid()
    assert changed(before, after) == {path for path in by_plain_path(before) if touched(path)}


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda raw: raw["xstest"].update(licence="other", title="other"), id="words"),
        pytest.param(lambda raw: raw["xstest"]["files"]["xstest.csv"].pop("sha256"), id="checksum"),
        pytest.param(lambda raw: raw["xstest"].update(url="https://example.org/{path}"), id="address"),
        pytest.param(
            lambda raw: raw["study"]["files"]["data/roles.json"].update(placeholder={"characters": 9}), id="stand-in"
        ),
    ],
)
def test_what_a_catalogue_says_besides_names_no_cells_anew(referring: Project, edit: Callable[[Any], object]) -> None:
    before = digests(referring.grid())
    assert digests(edit_catalogue(referring, edit).grid()) == before


def test_the_slug_of_a_source_is_no_identity(referring: Project) -> None:
    before = by_plain_path(referring.grid())
    edit_catalogue(referring, lambda raw: raw.update(other=raw.pop("xstest")))
    assert by_plain_path(referring.set({"benchmarks/xstest/items": "external:other/xstest.csv"}).grid()) == before


@pytest.mark.parametrize(
    ("changes", "touched"),
    [
        pytest.param({"benchmarks/xstest/limit": 3}, "/xstest/", id="limit"),
        pytest.param({"benchmarks/xstest/limit": 99}, "/xstest/", id="a limit beyond the rows is all rows"),
        pytest.param({"models/alpha/called": "Alf"}, "/baseline/", id="called: turns that name somebody"),
        pytest.param({"conditions/requests/rounds": 4}, "dialogues/alpha", id="longer"),
        pytest.param({"conditions/interview/shuffle_seed": 1}, "interview-shuffled", id="seed"),
    ],
)
def test_an_edit_touches_only_its_cells(referring: Project, changes: dict[str, Any], touched: str) -> None:
    before = referring.grid()
    paths = changed(before, referring.set(changes).grid())
    assert paths and all(touched in path for path in paths)
    if "called" in str(changes):
        assert all("/interview-" in path for path in paths)


def test_a_limit_beyond_the_rows_is_no_limit(referring: Project) -> None:
    before = digests(referring.set({"benchmarks/xstest/limit": None}).grid())
    assert digests(referring.set({"benchmarks/xstest/limit": 12}).grid()) == before
    assert digests(referring.set({"benchmarks/xstest/limit": 11}).grid()) != before


def test_a_frozen_plan_holds_references_and_comes_back_with_texts(referring: Project) -> None:
    put(referring.folder / "external")
    frozen = referring.frozen()
    text = (frozen.folder() / "plan.json").read_text()
    assert "lighthouse" not in text and "What is your view" not in text
    again = read(frozen.folder() / "plan.json")
    assert again.study == frozen.study and digests(again.grid) == digests(frozen.grid)
    assert again.study.personas["maren-holt"].description == "You keep a lighthouse."


def test_a_plan_made_without_files_reads_them_once_they_are_here(referring: Project) -> None:
    frozen = referring.frozen()
    assert len(frozen.fetched_files) == 10
    put(referring.folder / "external")
    again = read(frozen.folder() / "plan.json")
    assert again.study.absent == [] and again.fetched_files == frozen.fetched_files
    assert digests(again.grid) == digests(frozen.grid)


def test_no_model_reads_a_stand_in(referring: Project, server: FakeServer) -> None:
    with pytest.raises(UserError, match="personas fetch --data") as told:
        referring.run()
    assert len(str(told.value).splitlines()) == 10 and server.count == 0
    put(referring.folder / "external")
    referring.run("run-2")
    sent = json.dumps(server.bodies)
    assert server.count and "stand-in" not in sent and "lighthouse" in sent


def test_a_run_with_files_sends_what_was_estimated_without_them(referring: Project, server: FakeServer) -> None:
    expected = total(referring.plan_report().estimates.values()).to_send
    put(referring.folder / "external")
    referring.run()
    assert server.count == expected


def test_a_file_that_is_not_what_was_pinned_stops_the_plan(referring: Project) -> None:
    put(referring.folder / "external")
    (referring.folder / "external/xstest/xstest.csv").write_text("id,prompt\n")
    with pytest.raises(UserError, match=r"xstest.csv: found sha256 .*, expected .* Remove it, and fetch it again"):
        referring.study()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"benchmarks/xstest/items": "external:nobody/x.csv"}, "expected a source of .*sources.yaml: bfi, ifbench"),
        ({"benchmarks/xstest/items": "external:xstest/y.csv"}, "expected a file of xstest: xstest.csv"),
        ({"benchmarks/xstest/items": "external:study/data/roles.json"}, "of shape roles, expected json or"),
        ({"benchmarks/general/items": "external:rolebench/general"}, "which is a folder, expected a file"),
        ({"conditions/requests/turns": "external:xstest/xstest.csv"}, "of shape csv, expected turns"),
        ({"conditions/interview/rounds": 9}, r"found 9, expected 2 to 8, the user turns in external:study/data"),
        ({"personas/folder": "personas"}, "found both roles .* and folder"),
        ({"sources": "none.yaml"}, "none.yaml: no such file"),
    ],
)
def test_wrong_references(referring: Project, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        referring.set(changes).grid()


def test_a_config_without_references_needs_no_catalogue(project: Project) -> None:
    project.set({"sources": "none.yaml"}).grid()


def test_own_texts_are_still_identified_by_their_content(project: Project) -> None:
    """The digests of a study that refers to nothing must not move: they name finished work."""
    cell = next(cell for cell in project.grid().cells if cell.stage == "dialogues")
    assert set(cell.spec) == {"recipe", "model", "persona", "seed", "kind", "user_turns"}
    assert cell.digest == digest(cell.spec) and "external" not in json.dumps(dict(cell.spec))


def test_the_plan_says_what_is_not_here(referring: Project, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    from personas.workflow.terminal.plan_document import plan_document
    from personas.workflow.terminal.plan_tables import print_plan_report

    plan_report = referring.plan_report()
    print_plan_report(plan_report, Console(width=200))
    assert "10 third-party files are not here yet" in capsys.readouterr().out
    assert "xstest/xstest.csv" in plan_document(plan_report).absent
    put(referring.folder / "external")
    assert plan_document(referring.plan_report()).absent == []


def test_the_earlier_name_of_a_placeholder_is_read_and_told_of_once(
    referring: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    _tell_of_rename.cache_clear()
    for characters in (300, 200):
        edit_catalogue(referring, partial(_call_stand_in, characters))
        assert {len(item.prompt) for item in referring.study().items["xstest"]} == {characters}
    told = capsys.readouterr().err
    assert (
        told
        == "`stand_in` in a catalogue is called `placeholder` now; the old name is read until the next release.\n"
    )


def _call_stand_in(characters: int, raw: dict[str, Any]) -> None:
    file = raw["xstest"]["files"]["xstest.csv"]
    file.pop("placeholder", None)
    file["stand_in"] = {"characters": characters}


def test_stand_ins_are_as_long_as_the_catalogue_says(referring: Project, tmp_path: Path) -> None:
    edit_catalogue(
        referring, lambda raw: raw["xstest"]["files"]["xstest.csv"].update(placeholder={"characters": 300})
    )
    lengths = {len(item.prompt) for item in referring.study().items["xstest"]}
    assert lengths == {300}
