"""What a grid can show: power, the smallest difference, what halves it, and what is said before a run."""

from dataclasses import replace

import numpy as np
import pytest

from personas.stats.items import of_items
from personas.stats.power import BOTH, STATED, Size, Spread, detectable, halving, power, units_over
from personas.tables.power import levers, size_of, spread_of
from personas.workflow.power import power_lines, power_table
from tests.helpers import Project
from tests.synthetic.power import Grid, draw

SHARE = STATED["share"]
STUDY = Size(7, 8, 100)


def test_no_effect_is_found_as_often_as_the_interval_is_wrong() -> None:
    assert power(0.0, SHARE, STUDY) == pytest.approx(0.05, abs=0.015)
    assert power(1.0, SHARE, STUDY) == pytest.approx(1.0)
    assert power(0.05, SHARE, STUDY) == power(-0.05, SHARE, STUDY)


def test_the_smallest_difference_has_the_power_that_was_asked_for() -> None:
    for wanted in (0.5, 0.8, 0.95):
        assert power(detectable(SHARE, STUDY, target=wanted), SHARE, STUDY) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("what", ["models", "personas", "items", "replicates"])
def test_more_of_anything_shows_less(what: str) -> None:
    spread = replace(SHARE, models=0.1, personas=0.1)
    assert detectable(spread, STUDY.times(what, 4)) < detectable(spread, STUDY)


def test_a_known_case() -> None:
    """One model, items alone: the power of Student's t test of one sample (Cohen's d = 0.5, n = 34: 0.81)."""
    alone = Spread(0.0, 0.0, 0.0, 0.0, 1.0)
    assert power(0.5, alone, Size(1, 1, 34)) == pytest.approx(0.8078, abs=0.012)


@pytest.mark.parametrize(
    ("size", "over"),
    [
        (Size(7, 8, 100), ("models", "personas", "items")),
        (Size(2, 8, 100), ("personas", "items")),
        (Size(2, 2, 100), ("items",)),
        (Size(2, 2, 4), ()),
        (Size(3, 2, 0), ("models",)),
    ],
)
def test_over_which_units(size: Size, over: tuple[str, ...]) -> None:
    assert units_over(size) == over
    assert np.isnan(detectable(SHARE, size)) == (not over)
    assert units_over(size, ["items"]) == tuple(unit for unit in over if unit == "items")


def test_who_speaks_of_more_units_is_not_surer() -> None:
    """Models that do not differ may seem not to at all: the interval is no narrower than that over items."""
    alike = Spread(0.0, 0.0, 0.0, 0.0, 0.5)
    assert power(0.0, alike, Size(3, 1, 1000)) < 0.045, "so it leaves out the truth less often than one in twenty"
    assert 0.52 < power(0.03, alike, Size(3, 1, 1000)) < power(0.03, alike, Size(3, 1, 1000), ["items"])


def test_what_halves_it() -> None:
    items_only = Spread(0.0, 0.0, 0.0, 0.0, 0.5)
    assert halving(items_only, Size(1, 1, 100))["items"] == 4
    assert halving(SHARE, STUDY).keys() == {BOTH}, "models and personas differ as much, so neither alone halves it"
    assert halving(Spread(0, 0, 0, 0, 0), STUDY) == {}, "there is nothing to halve"
    assert levers({"items": 4, "models": 3}) == "3x models or 4x items" and levers({}) == "nothing alone"


def test_spreads_are_found_again() -> None:
    """The method of moments, on average over studies: every component within a tenth, or a hundredth."""
    planted = Spread(0.1, 0.06, 0.04, 0.2, 0.5)
    grid, drawing = Grid("moments", Size(7, 8, 60), planted), np.random.default_rng(3)
    squares = []
    for _ in range(200):
        answers = draw(0.1, grid, drawing)
        found = spread_of(answers.mean(axis=2), of_items(answers))
        squares.append([found.models, found.personas, found.pairs, found.items, found.answers])
    means = np.sqrt((np.array(squares) ** 2).mean(axis=0))
    told = [planted.models, planted.personas, planted.pairs, planted.items, planted.answers]
    assert means == pytest.approx(told, rel=0.12, abs=0.012)


def test_items_of_each_personas_own() -> None:
    size = size_of(np.zeros((2, 4)), of_items(np.where(np.eye(4)[None, :, :].repeat(5, axis=2) > 0, 1.0, np.nan)), 2)
    assert (size.personas, size.items, size.replicates) == (4, 5, 2) and size.nested


def test_a_plan_says_what_the_grid_can_show(project: Project) -> None:
    grid = project.set({"benchmarks/xstest/limit": None, "benchmarks/ifbench/limit": None}).grid()
    lines = list(power_lines(grid, True))
    assert "80 % power" in lines[0]
    assert lines[1:] == [
        "2 models: no claim over models is possible.",
        "2 personas: no claim over personas is possible.",
    ]
    table = power_table(grid, project.results)
    assert table is not None
    told = {row[0]: row[1:] for row in zip(*(column._cells for column in table.columns), strict=True)}
    smallest, over, halved = told["ifbench-loose-by-rules"]
    assert str(smallest).endswith("points*") and over == "items" and halved == "4x items"


def test_nothing_is_said_where_nothing_is_claimed(project: Project) -> None:
    grid = project.set({"statistics": {"headline": []}}).grid()
    assert power_table(grid, project.results) is None and list(power_lines(grid, False)) == []


def test_too_few_of_all(project: Project) -> None:
    grid = project.grid()
    assert power_table(grid, project.results) is None
    assert list(power_lines(grid, False)) == [
        "What this grid can show: no change of a headline measure; too few models, personas and items."
    ]
