"""Targets with names: stages and figures, and the files that they ask for."""

import re

import pytest

from personas.core.errors import UserError
from personas.plan.batches import STAGES
from personas.plan.frozen import FrozenPlan
from personas.workflow.run import needs_all_rules
from personas.workflow.stages import (
    named_targets,
    needed_for,
    refuse_names_to_force,
    refuse_stages_to_omit,
    stage_rules,
    stage_targets,
    targets,
)
from tests.helpers import JUDGE, Project


@pytest.fixture
def frozen(project: Project) -> FrozenPlan:
    """A plan of two models and a judge, of which beta is finished."""
    grid = project.set({"judges/j": JUDGE, "batches": {"max_cells": 20}}).grid()
    return project.frozen(on_disk=[cell.path for cell in grid.cells if cell.track.model == "beta"])


def test_files_of_a_stage(frozen: FrozenPlan) -> None:
    files = stage_targets(frozen)
    stages = stage_rules(frozen).keys()
    assert {*STAGES, "ratings", "analysis", "figures"} <= stages == files.keys()
    cells = {cell.path: cell for cell in frozen.grid.cells}
    assert {cells[path].stage for path in files["generate"]} == {"dialogues", "responses"}
    assert {cells[path].stage for path in files["judge"]} == {"judgements"}
    assert {cells[path].track.model for path in files["generate"] + files["judge"]} == {"alpha"}, "beta is finished"
    made = [path for stage in stages for path in files[stage]]
    finished = {path for path, cell in cells.items() if cell.track.model == "beta"}
    assert sorted(made) == sorted(set(frozen.targets) - finished), "every file but finished cells, in one stage"


def test_a_figure_has_the_name_that_it_has_in_current(frozen: FrozenPlan) -> None:
    asked = named_targets(frozen)["figures/by-checkpoint"]
    assert {path.rpartition(".")[2] for path in asked} == {"pdf", "png"}
    assert all(path.startswith("figures/by-checkpoint.") for path in asked)


def test_names_that_nobody_asks_for_are_no_rules(frozen: FrozenPlan) -> None:
    assert targets(frozen, ["-n"]).keys() == stage_rules(frozen).keys()
    asked = targets(frozen, ["-n", "figures/by-checkpoint"])
    assert asked["figures/by-checkpoint"] == named_targets(frozen)["figures/by-checkpoint"]


def test_a_job_names_one_file_of_each_job_that_it_waits_for(frozen: FrozenPlan) -> None:
    offered = frozen.offering(everything=False)
    makers = {path: batch.name for batch in frozen.batches for path in batch.outputs}
    makers |= {path: family.name for family in offered.families for path in family.outputs}
    jobs = [batch.inputs for batch in frozen.batches] + [family.inputs for family in offered.families]
    for inputs in (*jobs, frozen.targets):
        awaited = offered.to_wait_for(inputs)
        assert set(awaited) <= set(inputs)
        assert sorted(makers[path] for path in awaited) == sorted({makers[path] for path in inputs if path in makers})
    assert len(offered.to_wait_for(frozen.targets)) == len(set(makers.values())) < len(frozen.targets)
    assert not offered.to_wait_for(cell.path for cell in frozen.grid.cells if cell.track.model == "beta"), (
        "they are there"
    )
    assert frozen.offering(everything=True).to_wait_for(frozen.targets) == frozen.targets


def test_rules_of_a_stage(frozen: FrozenPlan) -> None:
    rules = stage_rules(frozen)
    assert rules["generate"] == [f"generate_alpha_{number:02d}" for number in (1, 2, 3)]
    assert rules["judge"] and all(name.startswith("judge_j_alpha_") for name in rules["judge"])
    assert {"overview", "progression", "model_card"} <= set(rules["figures"])
    assert rules["ratings"] == ["rate_alpha", "rate_beta"]


def test_leaving_out_a_stage_is_refused(frozen: FrozenPlan) -> None:
    refuse_stages_to_omit(frozenset({"progression", "generate_alpha_01"}), frozen)
    with pytest.raises(UserError, match=r"found the stage 'figures', expected one of its rules \(.*overview, "):
        refuse_stages_to_omit(frozenset({"figures"}), frozen)


def test_forcing_a_name_is_refused(frozen: FrozenPlan) -> None:
    file = frozen.results / named_targets(frozen)["figures/by-checkpoint"][0]
    refuse_names_to_force(frozenset({file.as_posix(), "progression"}), frozen)
    for names, expected in [({"figures/by-checkpoint"}, f"`-f {file}`"), (set[str](), "`-f "), ({"judge"}, "forget")]:
        with pytest.raises(UserError, match=re.escape(expected)):
            refuse_names_to_force(frozenset(names), frozen)


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (["-n"], False),
        (["--summary"], False),
        (["-c", "2", "--configfile", "config/f.yaml"], False),
        (["-nF"], True),
        (["-R", "progression"], True),
        (["--forceall"], True),
        (["--report", "page.html"], True),
        (["--delete-all-output"], True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_files_that_are_there_have_rules_where_an_option_is_about_them(
    words: list[str], needed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["snakemake", *words])
    assert needs_all_rules() is needed


def _needed(frozen: FrozenPlan, *words: str) -> set[str] | None:
    found = needed_for(frozen, words)
    return None if found is None else {path.rsplit(".", 2)[0] for path in found}


def test_a_figure_needs_what_it_is_made_of_and_nothing_else_of_those_families(frozen: FrozenPlan) -> None:
    needed = _needed(frozen, "-n", "figures/utterances-by-j") or set()
    assert {"figures/utterances-by-j", "tables/by-round", "tables/ratings-alpha--utterances"} <= needed
    assert not [path for path in needed if "xstest" in path or "values" in path]
    assert needed_for(frozen, ["figures/utterances-by-j", "-c", "2", "--configfile", "some.yaml"]) is not None
    assert _needed(frozen, "generate") == set(), "cells need no artefact"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-n"],
        ["all", "figures/by-checkpoint"],
        ["--until", "generate"],
        ["--until=figures"],
        ["steadiness", "figures/by-checkpoint"],
        ["-n", "steadiness", "figures/by-checkpoint"],
    ],
    ids=" ".join,
)
def test_where_not_all_targets_are_known_everything_may_be_needed(frozen: FrozenPlan, words: list[str]) -> None:
    assert needed_for(frozen, words) is None
