"""What a plan has to fetch: weights that are not here, of models that it asks, before their batches."""

import socket
from pathlib import Path
from typing import Any

import pytest

from personas.cli.fetch import fetch
from personas.external.needed import Fetch, hub_models, lacking
from personas.plan.frozen import FrozenPlan, Run, freeze, read, write
from personas.plan.plan_report import PlanReport
from personas.workflow.stages import stage_rules, stage_targets
from personas.workflow.terminal.plan_document import plan_document
from tests.fake_hub import COMMIT
from tests.helpers import JUDGE, SAMPLING, Project

VLLM: dict[str, Any] = {
    "engine": "vllm",
    "id": "org/some",
    "revision": COMMIT,
    "context_length": 512,
    "sampling": dict(SAMPLING),
}
BETA = Fetch("beta", "models.beta", "org/some", COMMIT)
J = Fetch("j", "judges.j.model", "org/judge", COMMIT)


@pytest.fixture
def study(project: Project) -> Project:
    """`alpha` behind an endpoint, `beta` and the judge `j` with weights on the hub, into an empty cache."""
    judge = JUDGE | {"model": VLLM | {"id": "org/judge"}}
    return project.set(
        {"models/beta": VLLM, "judges/j": judge, "machine/weights_cache": str(project.folder / "weights")}
    )


def _there(project: Project, name: str, *without: str) -> Path:
    """Lay down a snapshot, as a copied cache has it."""
    folder = project.folder / "weights" / f"models--org--{name}" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    for file in {"config.json", "tokenizer.json", "model.safetensors"} - set(without):
        (folder / file).write_text("{}")
    return folder


def _freeze(plan_report: PlanReport, results: Path) -> FrozenPlan:
    return freeze(
        plan_report.plan, Run("r", socket.gethostname(), 1, 0.0), results, plan_report.estimates, plan_report.fetches
    )


def test_weights_on_the_hub(study: Project) -> None:
    assert [found.where for found in hub_models(study.study().config).values()] == ["models.beta", "judges.j.model"]


def test_a_local_folder_needs_no_hub(study: Project) -> None:
    folder = _there(study, "some")
    assert "beta" not in hub_models(study.set({"models/beta/weights": str(folder)}).study().config)


def test_models_that_are_not_asked_are_not_fetched(study: Project) -> None:
    config = study.study().config
    assert lacking(config, ["alpha", "beta"]) == [BETA]
    assert lacking(config, ["alpha"]) == []


@pytest.mark.parametrize("without", ["config.json", "tokenizer.json", "model.safetensors"])
def test_what_is_incomplete_is_fetched(study: Project, without: str) -> None:
    _there(study, "judge")
    _there(study, "some", without)
    assert study.plan_report().fetches == [BETA]


def test_a_plan_names_what_is_fetched_first(study: Project) -> None:
    plan_report = study.plan_report()
    assert plan_report.fetches == [BETA, J]
    assert [fetch.slug for fetch in plan_document(plan_report).fetches] == ["beta", "j"]
    _there(study, "some")
    _there(study, "judge")
    assert study.plan_report().fetches == []


def test_batches_wait_for_their_own_weights(study: Project) -> None:
    frozen = _freeze(study.plan_report(), study.results)
    waited = {(batch.asked_slug, *frozen.weights_files(batch)) for batch in frozen.batches}
    assert waited == {("alpha",), ("beta", "runs/r/weights/beta.json"), ("j", "runs/r/weights/j.json")}


def test_jobs_read_what_is_fetched(study: Project) -> None:
    frozen = _freeze(study.plan_report(), study.results)
    assert read(write(frozen)).fetches == [BETA, J]


def test_fetch_is_a_target_and_a_stage(study: Project) -> None:
    frozen = _freeze(study.plan_report(), study.results)
    assert stage_targets(frozen)["fetch"] == ["runs/r/weights/beta.json", "runs/r/weights/j.json"]
    assert stage_rules(frozen)["fetch"] == ["fetch_beta", "fetch_j"]


def test_nothing_to_fetch_is_said(project: Project) -> None:
    assert list(fetch(project.study().config, ["models"])) == [
        "Models: none takes its weights from the hub (engine: vllm without `weights`)."
    ]
