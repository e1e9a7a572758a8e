"""Comparisons in the config and the plan: what they read, what makes them again, what is refused."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.grid.comparisons import VALUES
from personas.plan.artefact import Artefact
from personas.tables.series.lengths import LENGTH_DTYPES
from personas.workflow.artefacts import downstream
from tests.helpers import Project, make
from tests.unit.test_comparison import cell, values
from tests.unit.test_plan import stems

HEAD = "source,quantity,measure,models,group,personas,condition,position,unit,value,half_unit\n"
LINE = "s,value,ifbench-loose-by-rules,alpha,persona,keeper,interview,0,percent,25,0.5\n"


def other_run(project: Project, value: float = 0.4) -> str:
    path = project.folder / "other" / VALUES
    path.parent.mkdir(parents=True, exist_ok=True)
    place = {"model": "alpha", "persona": "keeper", "condition": "interview"}
    values(cell(value, **place), cell(value, **place, position=2)).to_parquet(path)
    return "other"


def mine(project: Project, text: str = HEAD + LINE) -> str:
    write_atomically(project.folder / "mine.csv", text.encode())
    return "mine.csv"


def compare(project: Project, **comparison: Any) -> Project:
    return project.set({"comparison": {"x": comparison}})


def made(project: Project) -> dict[str, Artefact]:
    return {artefact.plain_outputs[0]: artefact for artefact in downstream(project.grid())}


def inputs(artefact: Artefact) -> set[str]:
    return {re.sub(r"\.[0-9a-f]{16}", "", path) for path in artefact.inputs}


def test_without_the_section_there_is_none(project: Project) -> None:
    assert not [name for name in made(project) if "comparison" in name]


def test_a_comparison_is_a_table_and_a_figure_of_it(project: Project) -> None:
    found = made(compare(project, models=["alpha", "beta"]))
    assert inputs(found["tables/comparison-x.parquet"]) == {"tables/values.parquet"}
    assert inputs(found["figures/comparison-x.pdf"]) == {"tables/comparison-x.parquet"}


def test_published_numbers_are_compared_with_patterns_too(project: Project) -> None:
    found = made(compare(project, published=True))
    read = inputs(found["tables/comparison-x.parquet"])
    patterns = {
        path for artefact in found.values() for path in artefact.plain_outputs if path.startswith("patterns/")
    }
    assert patterns and read == {"tables/values.parquet", "tables/lengths.parquet"} | patterns


def names(project: Project) -> Mapping[str, tuple[str, ...]]:
    return {name: path for name, path in stems(downstream(project.grid())).items() if "comparison" in name}


def test_the_content_of_the_other_run_is_in_the_name_and_its_place_is_not(project: Project) -> None:
    first = names(compare(project, results=other_run(project)))
    (project.folder / "moved").mkdir()
    (project.folder / "other" / "current").rename(project.folder / "moved" / "current")
    assert names(compare(project, results="moved")) == first
    changed = names(compare(project, results=other_run(project, value=0.5)))
    assert all(changed[name] != first[name] for name in first)


def test_the_content_of_published_numbers_is_in_the_name(project: Project) -> None:
    first = names(compare(project, published=mine(project)))
    mine(project, HEAD + LINE.replace(",25,", ",26,"))
    changed = names(compare(project, published="mine.csv"))
    assert all(changed[name] != first[name] for name in first)


def test_another_comparison_leaves_the_first_alone(project: Project) -> None:
    one = compare(project, models=["alpha", "beta"])
    first = names(one)
    both = one.set({"comparison/y": {"models": ["beta", "alpha"]}})
    assert first.items() <= names(both).items()


@pytest.mark.parametrize(
    ("comparison", "sentence"),
    [
        ({}, "found none, expected one of published, results, models, released"),
        ({"published": True, "models": ["alpha", "beta"]}, "found published and models, expected one of"),
        ({"published": False}, "published"),
        ({"models": ["alpha", "gamma"]}, "comparison.x.models: found gamma, expected some of alpha, beta"),
        ({"models": ["alpha", "alpha"]}, "found alpha twice"),
        ({"models": ["alpha"]}, "models"),
        ({"models": ["alpha", "beta"], "called": {"alpha": "A"}}, "expected none for two models"),
        ({"published": True, "called": {"alpha": "A", "beta": "A"}}, "expected each name there once"),
        ({"released": True}, "comparison.x.released: found true, expected a model with engine released"),
        ({"results": "nowhere"}, "comparison.x.results: no file"),
        ({"published": "nowhere.csv"}, "nowhere.csv: no such file"),
    ],
)
def test_a_mistake_is_refused_with_a_sentence(project: Project, comparison: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        compare(project, **comparison).grid()
    assert sentence in str(refused.value)


def test_a_table_that_is_none_of_values_is_refused(project: Project) -> None:
    path = project.folder / other_run(project) / VALUES
    pd.DataFrame({"measure": ["m"]}).to_parquet(path)
    with pytest.raises(UserError, match=r"has no column 'benchmark', expected a table of values"):
        compare(project, results="other").grid()
    path.write_bytes(b"no parquet")
    with pytest.raises(UserError, match=r"cannot be read .*, expected a table of values"):
        compare(project, results="other").grid()


def test_a_run_is_not_compared_with_itself(project: Project) -> None:
    own = project.results / VALUES
    own.parent.mkdir(parents=True)
    values(cell(0.4)).to_parquet(own)
    with pytest.raises(UserError, match=r"found the results folder of this run"):
        compare(project, results=str(project.results)).grid()


def lengths() -> pd.DataFrame:
    return pd.DataFrame(columns=list(LENGTH_DTYPES)).astype(LENGTH_DTYPES)


def run_job(project: Project) -> pd.DataFrame:
    """Make table and figure as jobs do, from values of our own."""
    frozen = project.frozen()
    by_name = {artefact.plain_outputs[0]: artefact for artefact in frozen.artefacts}
    place = {"model": "alpha", "persona": "keeper", "condition": "interview"}
    ours = values(cell(0.5, **place), cell(0.3, **place, position=2))
    for path in by_name["tables/comparison-x.parquet"].inputs:
        (frozen.results / path).parent.mkdir(parents=True, exist_ok=True)
        (ours if path.startswith("tables/values") else lengths()).to_parquet(frozen.results / path)
    table = by_name["tables/comparison-x.parquet"].outputs[0]
    make(frozen, by_name["tables/comparison-x.parquet"])
    figure = by_name["figures/comparison-x.pdf"].outputs
    make(frozen, frozen.artefact(figure[0]))
    assert all((frozen.results / path).stat().st_size > 1000 for path in figure)
    return pd.read_parquet(frozen.results / table)


def test_the_job_compares_with_the_other_run(project: Project) -> None:
    found = run_job(compare(project, results=other_run(project)))
    assert found["difference"].tolist() == pytest.approx([10.0, -10.0])


def test_the_job_compares_under_the_names_of_the_other_run(project: Project) -> None:
    path = project.folder / other_run(project) / VALUES
    pd.read_parquet(path).assign(model="A", condition="I").to_parquet(path)
    found = run_job(compare(project, results="other", called={"alpha": "A", "interview": "I"}))
    assert found["models"].tolist() == ["alpha", "alpha"]
    assert found["difference"].tolist() == pytest.approx([10.0, -10.0])


def test_the_job_compares_with_published_numbers(project: Project) -> None:
    without_patterns = project.set({"patterns/benchmarks": []})
    found = run_job(compare(without_patterns, published=mine(project))).iloc[0]
    assert (found["ours"], found["theirs"], found["interval"]) == (50.0, 25.0, "items")


def test_the_job_refuses_what_has_changed_since_the_plan(project: Project) -> None:
    frozen = compare(project, results=other_run(project)).frozen()
    other_run(project, value=0.45)
    table = next(a for a in frozen.artefacts if a.plain_outputs[0] == "tables/comparison-x.parquet")
    path = frozen.results / table.inputs[0]
    path.parent.mkdir(parents=True)
    values(cell(0.4)).to_parquet(path)
    with pytest.raises(UserError, match=r"comparison.x: .* has changed since the plan; start again"):
        make(frozen, table)
