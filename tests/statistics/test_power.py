"""What is said before a run of what a grid can show is what studies of that size then show."""

import pytest

from tests.synthetic.power import GRIDS, Grid, table


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
def test_predicted_power_is_simulated_power(grid: Grid) -> None:
    found = table(300, grids=[grid])
    assert found["within"].all(), found.to_string()
