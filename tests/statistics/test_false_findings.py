"""Where nothing is planted, nothing is claimed more often than promised, and intervals hold the truth as often."""

from dataclasses import replace

import pandas as pd
import pytest

from tests.synthetic import coverage
from tests.synthetic.null import CLAIMS, OVER_ITEMS, SIZE, SLOPE, SMALL, P, rates
from tests.synthetic.study import Effect
from tests.unit.test_contrasts import only


@pytest.fixture(scope="module")
def nothing_planted() -> pd.DataFrame:
    return rates(SMALL, range(1, 21))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("statistic", [P, OVER_ITEMS])
@pytest.mark.parametrize("contrast", ["condition", "progression", "baseline, own", "baseline, shared"])
def test_the_rate_of_false_findings_is_what_is_promised(nothing_planted, contrast, statistic):
    row = only(nothing_planted, contrast=contrast, statistic=statistic)
    assert row["within"], row


@pytest.mark.parametrize("statistic", [CLAIMS, SLOPE, SIZE])
def test_claims_and_slopes_too(nothing_planted, statistic):
    row = only(nothing_planted, statistic=statistic)
    assert row["within"], row


def test_a_small_effect_breaks_the_bounds():
    found = rates(replace(SMALL, default=Effect(slope=0.0008)), range(1, 3))
    for statistic in (P, OVER_ITEMS, SLOPE):
        assert not only(found, contrast="progression", statistic=statistic)["within"], statistic
    assert only(found, contrast="all", statistic=CLAIMS)["rate"] == 1.0


@pytest.mark.parametrize("scenario", coverage.SCENARIOS, ids=lambda scenario: scenario.name)
def test_intervals_hold_the_truth(scenario):
    found = coverage.coverage(scenario, simulations=60, seed=1)
    assert found["within"], found
