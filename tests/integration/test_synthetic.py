"""Planted effects are found; how often something is found where nothing is: `tests/statistics`."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.scoring.table import RATINGS_SCHEMA
from personas.stats.measures import Measure
from personas.tables.by_model import by_model
from personas.tables.contrasts import contrasts
from personas.tables.mixed_models import mixed_models
from tests.synthetic.measured import measures, planted, values, values_at_once, variances_at_once
from tests.synthetic.ratings import tables
from tests.synthetic.study import Effect, Study

EFFECT = Effect(slope=-0.002, cost=-0.08, condition=0.07, of_models=0.04, of_personas=0.03)
"""Over 102 rounds a share falls by 0.2."""

PLANTED = Study(
    items={"bfi": 40, "xstest": 60, "ifbench": 40, "role-specific": 30, "general": 30},
    checkpoints=(0, 22, 45, 68, 102),
    rounds=0,
    default=EFFECT,
    effects={"ifbench": replace(EFFECT, slope=0.002), "general": replace(EFFECT, cost=0.1)},
    seed=3,
)
ALONG, OTHER = PLANTED.conditions
LAST = PLANTED.checkpoints[-1]


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return values_at_once(PLANTED)


@pytest.fixture(scope="module")
def compared(found) -> pd.DataFrame:
    return contrasts(found, variances_at_once(PLANTED), PLANTED.conditions)


def truth(measure: Measure, contrast: str, condition: str | None, position: int, group: str | None) -> float:
    effect, unit = planted(PLANTED, measure)
    if contrast.startswith("condition:"):
        return unit * effect.condition * (position > 0)
    if contrast == "baseline":
        return unit * (effect.cost + effect.slope * position)
    return unit * (effect.slope * position * (group == "persona") + effect.condition * (condition == ALONG))


def with_truth(compared: pd.DataFrame) -> pd.DataFrame:
    by_name = {measure["measure"]: dict(measure) for measure in measures(PLANTED)}
    keys = ["measure", "contrast", "condition", "position", "group"]
    named = compared[keys].astype(object).where(compared[keys].notna(), None)
    expected = [truth(by_name[m], c, of, at, g) for m, c, of, at, g in named.to_numpy().tolist()]
    return compared.assign(truth=expected)


def test_the_tables_have_the_schema_of_ratings():
    tiny = replace(PLANTED, models=("one",), personas=("a", "b"), rounds=3)
    made = dict(tables(tiny))
    assert set(made) == {f"ratings-one--{name}" for name in (*tiny.items, "utterances")}
    assert all(table.schema.equals(RATINGS_SCHEMA) for table in made.values())
    # speakers x conditions x orders x rounds x metrics, the baseline judged as each persona
    assert made["ratings-one--utterances"].num_rows == 4 * 2 * 2 * 3 * 3
    # speakers x conditions x checkpoints x items x (words, rules, judge)
    assert made["ratings-one--xstest"].num_rows == 3 * 2 * 5 * 60 * 3


def test_values_of_the_ratings_are_the_means_of_what_was_drawn():
    small = replace(PLANTED, models=("one", "two"), items={"bfi": 10, "xstest": 6, "general": 4}, gaps=0.1)
    through, at_once = values(small), values_at_once(small)
    shown = through["measure"].isin(at_once["measure"].unique())
    pd.testing.assert_frame_equal(through[shown].reset_index(drop=True), at_once)
    assert (at_once["n_scored"] < at_once["n_planned"]).any(), "there are gaps"


def test_planted_differences_lie_in_their_intervals(compared):
    shown = with_truth(compared)
    last = shown[(shown["position"] == LAST) & (shown["group"] != "baseline")]
    assert len(last) == 13 * 5
    # Each holds its truth 19 times of 20 at least; of 65 that hang together in part, 58 is far below all chance.
    assert last["truth"].between(last["low"], last["high"]).mean() > 0.9
    assert set(last["over"]) == {"models, personas, items"}
    assert last["truth"].between(last["items_low"], last["items_high"]).mean() > 0.85


def test_planted_differences_are_significant_and_have_their_sign(compared):
    shown = with_truth(compared)
    last = shown[(shown["position"] == LAST) & (shown["truth"].abs() > 0.05) & (shown["group"] != "baseline")]
    against = last["contrast"] == "baseline"
    assert (against.sum(), (~against).sum()) == (26, 39)
    assert (np.sign(last["mean"]) == np.sign(last["truth"])).all()
    assert (last.loc[~against, "items_p"] <= 0.05).all(), "for these models and personas, as signs flipped before"
    assert (last.loc[~against, "p"] <= 0.05).mean() > 0.95, "and for others of their kind"
    # The noise of one baseline for all personas of a model is in it.
    assert (last.loc[against, "p"] <= 0.05).mean() > 0.8


def test_what_is_not_planted_is_not_found(compared):
    shown = with_truth(compared)
    nothing = shown[(shown["truth"] == 0) & (shown["position"] > 0) & (shown["group"] == "baseline")]
    at_last = nothing[nothing["position"] == LAST]
    assert len(at_last) == 13
    assert (at_last["p"] <= 0.05).sum() <= 4, "one of 20 is expected"


def test_bars_show_what_was_planted(found):
    told: dict[str, Any] = {"conditions": PLANTED.conditions, "checkpoints": PLANTED.checkpoints}
    bars = by_model(found, variances_at_once(PLANTED), **told)
    together = bars[bars["model"].isna()]
    assert len(together) == 13 * 4, "length in two conditions, persona, condition"
    bars = bars[bars["model"].notna()]
    by_name = {measure["measure"]: measure for measure in measures(PLANTED)}
    length = bars[(bars["contrast"] == "length") & (bars["condition"] == OTHER)]
    expected = [
        effect.slope * LAST * unit for effect, unit in (planted(PLANTED, by_name[m]) for m in length["measure"])
    ]
    inside = np.array(expected) >= length["low"]
    inside &= np.array(expected) <= length["high"]
    assert inside.mean() > 0.87
    assert len(length) == 13 * 7


def test_mixed_models_find_the_slope(found):
    fits = mixed_models(found[found["condition"] == OTHER], None, {}, study=False)
    slopes = fits[(fits["family"] == "length") & (fits["term"] == "position")]
    by_name = {measure["measure"]: measure for measure in measures(PLANTED)}
    expected = [effect.slope * unit for effect, unit in (planted(PLANTED, by_name[m]) for m in slopes["measure"])]
    inside = (slopes["low"] <= expected) & (slopes["high"] >= expected)
    assert len(slopes) == 13 * 7
    assert inside.mean() > 0.85
    assert (np.sign(slopes["coefficient"]) == np.sign(expected)).all()
    assert set(slopes["status"]) <= {"ok", "singular"}
