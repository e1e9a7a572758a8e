"""What figures say of the judges behind them, and the table that it is taken from."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.benchmarks.panel import RULES
from personas.figures.drawing.judges import NOT_MEASURED, judges_in, judges_text
from personas.tables.judges.calibration import ALL
from personas.tables.judges.reliability import RELIABILITY_DTYPES, reliability


def compared(rater: str, metric: str, kappa: float, quadratic: float, **other: Any) -> dict[str, Any]:
    found = {"set": "ours", "rater_a": "human", "rater_b": rater, "model": ALL, "metric": metric, "n": 40} | other
    for name, value in (("kappa", kappa), ("quadratic", quadratic)):
        found |= {name: value, f"{name}_low": value - 0.1, f"{name}_high": value + 0.1}
    return found


def again(judge: str, metric: str, kappa: float) -> dict[str, Any]:
    return {"judge": judge, "metric": metric, "n": 12, "kappa": kappa, "kappa_low": kappa - 0.2, "kappa_high": np.nan}


CALIBRATION = pd.DataFrame(
    [
        compared("jay", "style", 0.4, 0.6),
        compared("jay", "refusal", 0.8, 0.7),
        compared("jay", "refusal", 0.1, 0.1, model="alpha"),
        compared("jay", "refusal", 0.1, 0.1, rater_a="rules"),
        compared("kay", "refusal", np.nan, np.nan),
    ]
)
RETEST = pd.DataFrame([again("jay", "style", 0.9), again("jay", "refusal", 0.5)])


def test_the_table_has_people_and_itself_and_weights_for_ratings() -> None:
    made = reliability(RETEST, CALIBRATION)
    assert dict(made.dtypes.astype(str)) == RELIABILITY_DTYPES
    kappas = made.set_index(["judge", "agrees_with", "metric"])["kappa"].to_dict()
    assert kappas.pop(("kay", "ours", "refusal")) is not None
    assert kappas == {
        ("jay", "itself", "style"): 0.9,
        ("jay", "itself", "refusal"): 0.5,
        ("jay", "ours", "style"): 0.6,
        ("jay", "ours", "refusal"): 0.8,
    }


@pytest.mark.parametrize(("retest", "calibration"), [(RETEST, None), (None, CALIBRATION), (RETEST.iloc[:0], None)])
def test_either_may_be_lacking(retest: pd.DataFrame | None, calibration: pd.DataFrame | None) -> None:
    made = reliability(retest, calibration)
    assert list(made.columns) == list(RELIABILITY_DTYPES)
    assert len(made) == (0 if calibration is None else 3) + (0 if retest is None else len(retest))


def test_judges_of_measures_and_panels_are_found_wherever_they_stand() -> None:
    measures = [{"judge": "jay", "metric": "style"}, {"judge": "jay", "metric": "refusal"}, {"judge": RULES}]
    assert judges_in({"holds": measures, "costs": [{"judge": None}], "model": "m"}) == {"jay": ["refusal", "style"]}
    assert judges_in({"judge": "kay", "yes_no": ["a"]}) == {"kay": []}


def test_the_sentences() -> None:
    made = reliability(RETEST, CALIBRATION)
    both = judges_text(made, {"jay": ["refusal", "style"], "kay": []})
    assert both == (
        "Judge jay: agrees with itself, asked again: kappa 0.50 to 0.90 in 2 metrics; agrees with people (ours): "
        "kappa 0.60 to 0.80 in 2 metrics. Judge kay: was compared with people (ours), n = 40, which gives no kappa."
    )
    assert "people (ours): kappa 0.80 [0.70, 0.90], n = 40." in (judges_text(made, {"jay": ["refusal"]}) or "")
    assert judges_text(made, {"lea": []}) == f"Judge lea: {NOT_MEASURED}."
    assert judges_text(None, {"jay": []}) == f"Judge jay: {NOT_MEASURED}."
    assert judges_text(made, {}) is None
