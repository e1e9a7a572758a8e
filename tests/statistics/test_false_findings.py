"""Where nothing is planted, nothing is found more often than promised: by twenty whole studies."""

from dataclasses import replace

import pandas as pd
import pytest

from tests.synthetic.null import SMALL, rates
from tests.synthetic.study import Effect
from tests.unit.test_contrasts import only


@pytest.fixture(scope="module")
def nothing_planted() -> pd.DataFrame:
    return rates(SMALL, range(1, 21))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("statistic", ["p", "q", "percentile", "clustered"])
@pytest.mark.parametrize("contrast", ["condition", "progression", "baseline, own", "baseline, shared"])
def test_the_rate_of_false_findings_is_what_is_promised(nothing_planted, contrast, statistic):
    row = only(nothing_planted, contrast=contrast, statistic=statistic)
    if (contrast, statistic) == ("baseline, shared", "percentile"):
        assert row["rate"] > row["high"], "it takes pairs that share a baseline for independent"
        return
    assert row["within"], row


def test_the_rate_of_false_slopes_is_what_is_promised(nothing_planted):
    row = only(nothing_planted, contrast="slope", statistic="mixed model")
    assert row["within"], row


def test_a_small_effect_breaks_the_bounds():
    found = rates(replace(SMALL, default=Effect(slope=0.0008)), range(1, 3))
    for contrast, statistic in (("progression", "p"), ("progression", "percentile"), ("slope", "mixed model")):
        assert not only(found, contrast=contrast, statistic=statistic)["within"], statistic
