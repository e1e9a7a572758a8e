"""The plan says why tables of ratings are made again where answers are scored otherwise than before."""

import io

import pyarrow.parquet as pq
from rich.console import Console

from personas.prompts.scoring_recipe import RECIPE_KEY, SCORING_RECIPE_VERSION
from personas.scoring.table import RATINGS_SCHEMA
from personas.workflow.terminal.plan_tables import print_plan_report
from tests.helpers import Project


def printed(project: Project) -> str:
    stream = io.StringIO()
    print_plan_report(project.plan_report(), Console(file=stream, width=140))
    return stream.getvalue()


def write(project: Project, stem: str, recipe: int | None) -> None:
    """Write a table of an earlier digest; None: of a version that told no recipe."""
    path = project.results / f"tables/{stem}.{'0' * 16}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {} if recipe is None else {RECIPE_KEY: str(recipe)}
    pq.write_table(RATINGS_SCHEMA.with_metadata(metadata).empty_table(), path)


def test_a_change_of_the_recipe_is_named(project: Project) -> None:
    assert not project.plan_report().rescored
    write(project, "ratings-alpha--xstest", None)
    write(project, "ratings-alpha--bfi", SCORING_RECIPE_VERSION)  # made again for another reason
    assert project.plan_report().rescored == {f"scoring recipe v1 -> v{SCORING_RECIPE_VERSION}": 1}
    assert "1 tables of ratings and patterns made again of the same answers: scoring recipe v1 -> v" in printed(
        project
    )
