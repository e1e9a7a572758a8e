"""Strength without a judge tells what was planted, and nothing where nothing was; two seeds of each."""

import pytest

from tests.synthetic.strength import NULLS, SCENARIOS, rates


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_was_planted_is_told(name: str) -> None:
    table = rates(range(1, 3), [name])
    near = 4 * 0.03 if name in NULLS else 4 * 0.05
    assert (abs(table["mean change"] - table["planted change"]) < near).all(), table.to_string()
    if name == "fading":
        assert (table["says a change"] == 1).all(), table.to_string()
