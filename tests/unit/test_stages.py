"""Stages as targets, in `--until` and in `--omit-from`, and files of `current/` as targets."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.settings.types import DAGSettings

from scripts.plan.frozen import FrozenPlan
from scripts.plan.stages import stage_files, stage_rules, translate_targets
from tests.helpers import JUDGE, Project


@pytest.fixture
def frozen(project: Project) -> FrozenPlan:
    """A plan of two models and a judge, of which beta is finished."""
    grid = project.set({"judges/j": JUDGE, "batches": {"max_cells": 20}}).grid()
    return project.frozen(on_disk=[cell.path for cell in grid.cells if cell.track.model == "beta"])


def translated(frozen: FrozenPlan, **settings: Any) -> DAGSettings:
    workflow = SimpleNamespace(dag_settings=DAGSettings(**settings))
    translate_targets(workflow, frozen)
    result: DAGSettings = workflow.dag_settings
    return result


GENERATE = {f"generate_alpha_{number:02d}" for number in (1, 2, 3)}
UNTIL = [
    pytest.param({"generate"}, GENERATE, id="a stage with an engine"),
    pytest.param({"ratings"}, {"rate"}, id="a stage without"),
    pytest.param({"generate", "figures"}, {*GENERATE, "draw"}, id="two stages"),
    pytest.param({"generate_alpha_01"}, {"generate_alpha_01"}, id="one batch"),
    pytest.param({"summarise"}, {"summarise"}, id="a rule"),
    pytest.param({"nonsense"}, {"nonsense"}, id="what is neither: Snakemake says so"),
    pytest.param(set(), set(), id="nothing"),
]


@pytest.mark.parametrize("key", ["until", "omit_from"])
@pytest.mark.parametrize(("names", "rules"), UNTIL)
def test_a_stage_names_its_rules(frozen: FrozenPlan, key: str, names: set[str], rules: set[str]) -> None:
    assert getattr(translated(frozen, **{key: frozenset(names)}), key) == rules


def test_judging_names_its_batches(frozen: FrozenPlan) -> None:
    until = translated(frozen, until=frozenset({"judge"})).until
    assert until and all(name.startswith("judge_j_alpha_") for name in until)
    assert until == {batch.name for batch in frozen.batches if batch.judge}


def test_until_a_finished_stage_is_not_until_the_end(project: Project) -> None:
    """Nothing left of a stage means nothing to do; no name at all would mean everything."""
    finished = project.frozen(on_disk=[cell.path for cell in project.grid().cells])
    assert translated(finished, until=frozenset({"generate"})).until == {"generate"}
    assert "generate" in stage_files(finished), "a rule of that name is declared"


TARGETS = [
    pytest.param("{results}/current/{plain}", id="as it is printed"),
    pytest.param("./{results}/current/{plain}", id="with a dot before"),
]


@pytest.mark.parametrize("form", TARGETS)
def test_a_file_of_current_is_the_file_that_it_names(project: Project, monkeypatch: Any, form: str) -> None:
    monkeypatch.chdir(project.folder)
    frozen = project.set({"judges/j": JUDGE}).frozen()
    frozen = FrozenPlan(**{**_fields(frozen), "results": frozen.results.relative_to(project.folder)})
    names: Mapping[str, str] = {cell.plain_path: cell.path for cell in frozen.grid.cells}
    for artefact in frozen.artefacts:
        names = {**names, **dict(zip(artefact.plain_outputs, artefact.outputs, strict=True))}
    asked = {form.format(results="results", plain=plain) for plain in names}
    assert translated(frozen, targets=frozenset(asked)).targets == {f"results/{path}" for path in names.values()}


def _fields(frozen: FrozenPlan) -> dict[str, Any]:
    return {name: getattr(frozen, name) for name in FrozenPlan.__dataclass_fields__}


@pytest.mark.parametrize("target", ["all", "generate", "results/current/nothing.parquet", "results/tables/x.parquet"])
def test_other_targets_stay_as_they_are(frozen: FrozenPlan, target: str) -> None:
    assert translated(frozen, targets=frozenset({target})).targets == {target}


def test_other_settings_stay_as_they_are(frozen: FrozenPlan) -> None:
    before = DAGSettings(forceall=True, until=frozenset({"generate"}), forcerun=frozenset({"generate"}))
    workflow = SimpleNamespace(dag_settings=before)
    translate_targets(workflow, frozen)
    after = workflow.dag_settings
    assert (after.forceall, after.forcerun) == (True, {"generate"}) and type(after.until) is frozenset


def test_files_of_a_stage(frozen: FrozenPlan) -> None:
    files = stage_files(frozen)
    assert files.keys() == {"generate", "judge", "ratings", "analysis", "figures"} == stage_rules(frozen).keys()
    cells = {cell.path: cell for cell in frozen.grid.cells}
    assert {cells[path].stage for path in files["generate"]} == {"dialogues", "responses"}
    assert {cells[path].stage for path in files["judge"]} == {"judgements"}
    assert {cells[path].track.model for path in files["generate"] + files["judge"]} == {"alpha"}, "beta is finished"
    made = [path for stage in files.values() for path in stage]
    finished = {path for path, cell in cells.items() if cell.track.model == "beta"}
    assert sorted(made) == sorted(set(frozen.targets) - finished), "every file but finished cells, in one stage"
