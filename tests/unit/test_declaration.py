"""Families that ask for each other by name: in any order, each worked out once, mistakes told."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from personas.grid.grid import Grid
from personas.pages.categories import title_of
from personas.plan.declaration import Context, Instance, declarations_in, inputs_of, parameters
from personas.tables.table import Table, table
from personas.workflow.artefacts import PACKAGES, declarations, downstream
from personas.workflow.stages import WITHOUT_ENGINE
from tests.full_config import full_config
from tests.helpers import Project, make_project


def compute(**tables: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(tables.values())


def declared(family: str, *reads: str, **told: Any) -> Table:
    def instances(grid: Grid, known: Context) -> Iterator[Instance]:
        yield Instance(family, {name: known.outputs(name) for name in reads}, told)

    return table(family, compute, instances, module=__name__)


@pytest.fixture
def grid(project: Project) -> Grid:
    return project.grid()


def test_each_stands_behind_what_it_is_made_of(grid: Grid) -> None:
    made = Context(grid, [declared("c", "b", "a"), declared("b", "a"), declared("a")]).everything()
    assert [each.family for each in made] == ["a", "b", "c"]
    assert inputs_of(made[2]) == {"b": [made[1].outputs[0]], "a": [made[0].outputs[0]]}


def test_a_circle_is_told(grid: Grid) -> None:
    with pytest.raises(ValueError, match="a -> b -> a: these follow from each other in a circle"):
        Context(grid, [declared("a", "b"), declared("b", "a")]).everything()


def test_a_family_that_nobody_declares_is_told(grid: Grid) -> None:
    with pytest.raises(ValueError, match="a -> z: nobody declares z"):
        Context(grid, [declared("a", "z")]).everything()


def test_two_families_of_one_name_are_told(grid: Grid) -> None:
    with pytest.raises(ValueError, match=r"a is declared by .*test_declaration too"):
        Context(grid, [declared("a"), declared("a")])


def test_a_parameter_that_would_be_lost_is_told(grid: Grid) -> None:
    with pytest.raises(ValueError, match="a has a parameter source"):
        Context(grid, [declared("a", source="mine")]).everything()


def test_what_a_maker_is_told_is_what_the_instance_says(grid: Grid) -> None:
    [made] = Context(grid, [declared("a", of=["x"], n=2)]).everything()
    assert parameters(made) == {"of": ["x"], "n": 2}


def test_parameters_and_inputs_stand_in_the_name(grid: Grid) -> None:
    names = {Context(grid, [declared("a", n=n)]).everything()[0].outputs for n in (1, 1, 2)}
    assert len(names) == 2


def test_a_report_calls_everything_by_a_title_of_its_own(tmp_path: Path) -> None:
    """Snakemake's report shows one file of those under a heading that have the same labels."""
    made = [each for each in downstream(full_config(make_project(tmp_path)).grid()) if each.heading]
    titles = [(each.heading, each.title) for each in made]
    assert len(set(titles)) == len(titles) > 100
    in_words = {each.name.replace("-", " ").capitalize() for each in made}
    assert {title for heading, title in titles if heading != "Tables"} & in_words == {"Grid"}
    [pages] = [each for each in made if each.title == "Grid"]
    assert [title_of(pages, path) for path in pages.outputs[:2]] == ["The grid", "How every planned row ended"]


def test_figures_of_what_judges_rated_name_them_and_what_they_rate(tmp_path: Path) -> None:
    """Also where measures of judges are drawn as one kind among others."""
    made = downstream(full_config(make_project(tmp_path)).grid())
    [remaining, *_] = [each for each in made if each.declared_family == "remaining_strength_of_personas"]
    assert remaining.spec["judges"] == {"j": ["knowledge", "style"], "k": ["knowledge", "style"]}
    assert any(path.startswith("tables/reliability.") for path in remaining.inputs)


def test_everything_that_is_declared_is_found_once() -> None:
    families = [each.family for each in declarations()]
    packages = {each.module.split(".")[1] for each in declarations()}
    assert len(families) == len(set(families)) > 60
    assert packages == {"scoring", "tables", "exports", "figures", "pages"}
    assert all(declarations_in(package) for package in PACKAGES)
    assert {each.stage for each in declarations()} == set(WITHOUT_ENGINE)


def test_a_plan_reads_all_declarations_without_libraries_that_only_makers_need() -> None:
    """They take half a second each, at every start of Snakemake."""
    code = (
        "import sys; from personas.workflow.artefacts import declarations; declarations(); "
        "print(*{'matplotlib', 'scipy', 'sklearn', 'statsmodels'} & sys.modules.keys())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
