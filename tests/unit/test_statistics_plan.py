"""The statistics in the plan: what is measured, which tables there are, and what makes them again."""

import re
from collections.abc import Callable

import pytest

from personas.tables.measures import measures
from personas.workflow.artefacts import downstream
from tests.helpers import Project
from tests.unit.test_plan import stems

TABLES = {f"tables/{name}.parquet" for name in ("values", "measures", "contrasts", "by-model", "mixed-models")}


def with_judge(project: Project) -> Project:
    alpha = project.raw()["models"]["alpha"]
    judge = {"model": {**alpha, "id": "org/judge"}, "texts": "judges", "utterances": ["knowledge", "style"]}
    return project.set({"judges": {"jay": judge | {"references": ["dataset", "zero"]}}})


def test_all_tables_are_there(project: Project) -> None:
    assert stems(downstream(project.grid())).keys() >= TABLES


def test_mixed_models_can_be_left_out(project: Project) -> None:
    left = project.set({"statistics": {"mixed_models": False}})
    assert TABLES - stems(downstream(left.grid())).keys() == {"tables/mixed-models.parquet"}


@pytest.mark.parametrize(
    ("edit", "renamed"),
    [
        pytest.param(lambda p: p.set({"statistics": {"study": True}}), r"by-model|mixed-models", id="study"),
        pytest.param(lambda p: p.edit(models__alpha__size=2), r"mixed-models", id="size of a model"),
        pytest.param(lambda p: p.edit(models__alpha__family="F"), r"mixed-models", id="family of a model"),
        pytest.param(lambda p: p.edit(statistics__generalise=["items"]), r"contrasts|by-model", id="intervals"),
    ],
)
def test_tables_renamed_by(project: Project, edit: Callable[[Project], Project], renamed: str) -> None:
    before, after = stems(downstream(project.grid())), stems(downstream(edit(project).grid()))
    assert {name for name in TABLES if before[name] != after[name]} == {n for n in TABLES if re.search(renamed, n)}


def test_measures_have_the_names_of_the_panels(project: Project) -> None:
    found = measures(with_judge(project).grid().study.config)
    names = [measure["measure"] for measure in found]
    assert names[:3] == ["utterances-by-jay", "knowledge-by-jay", "style-by-jay"]
    assert len(names) == len(set(names))
    assert [measure["place"] for measure in found] == list(range(len(found)))
    expected = {
        "bfi-openness-by-jay",
        "bfi-words",
        "bfi-distance-from-baseline-by-jay",
        "xstest-refusal-safe-by-rules",
        "xstest-refusal-safe-by-jay",
        "ifbench-strict-by-rules",
        "general-win-dataset-by-jay",
        "general-win-zero-by-jay",
    }
    assert expected <= set(names)


def test_values_are_made_of_ratings_and_distances(project: Project) -> None:
    made = {artefact.plain_outputs[0]: artefact for artefact in downstream(with_judge(project).grid())}
    inputs = {re.sub(r"\.[0-9a-f]{16}", "", path) for path in made["tables/values.parquet"].inputs}
    ratings = {name for name in made if name.startswith("tables/ratings-")}
    assert inputs == ratings | {"tables/bfi-distances-by-jay.parquet"}
    models = made["tables/mixed-models.parquet"].inputs
    assert models[0] == made["tables/values.parquet"].outputs[0]
    assert all(re.fullmatch(r"patterns/.*-counts\.[0-9a-f]{16}\.parquet", path) for path in models[1:])
    assert len(models) > 1
