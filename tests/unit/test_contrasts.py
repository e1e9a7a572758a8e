"""Contrasts: which cells are subtracted, and what stands beside the mean."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from personas.tables.contrasts import CONTRAST_DTYPES, contrasts
from tests.valued import CONDITIONS, grid, table, value

BETWEEN = "condition:persona-directed-goal-oriented"
MODELS, PERSONAS = ("one", "two", "three"), ("ann", "bob", "cid", "dan")


def made(rows: list[dict[str, Any]], conditions: tuple[str, ...] = CONDITIONS) -> pd.DataFrame:
    return contrasts(table(rows), pd.DataFrame(), conditions)


def only(found: pd.DataFrame, **wanted: Any) -> pd.Series:
    for column, name in wanted.items():
        found = found[found[column].isna() if name is None else found[column] == name]
    assert len(found) == 1, found
    return found.iloc[0]


def test_conditions_are_subtracted_in_the_order_of_the_config():
    rows = [value(0.7), value(0.5, condition=CONDITIONS[1])]
    row = only(made(rows), contrast=BETWEEN)
    assert row["mean"] == pytest.approx(0.2)
    assert pd.isna(row["condition"])
    assert (row["group"], row["n_pairs"], row["n_missing"]) == ("persona", 1, 0)
    back = only(made(rows, CONDITIONS[::-1]), contrast="condition:goal-oriented-persona-directed")
    assert back["mean"] == pytest.approx(-0.2)


def test_every_two_of_three_conditions_are_compared():
    names = ("a", "b", "c")
    found = made([value(n, condition=name) for n, name in enumerate(names)], names)
    assert found.set_index("contrast")["mean"].to_dict() == {
        "condition:a-b": -1.0,
        "condition:a-c": -2.0,
        "condition:b-c": -1.0,
    }


def test_progression_is_against_the_first_position_which_has_no_row():
    rows = [value(n, position=t) for t, n in ((11, 0.5), (0, 0.4), (102, 0.1))]
    found = made(rows)
    assert list(found["position"]) == [11, 102]
    assert found["mean"].to_numpy() == pytest.approx([0.1, -0.3])
    assert set(found["contrast"]) == {"progression"}
    assert set(found["condition"]) == {CONDITIONS[0]}


@pytest.mark.parametrize(
    ("baselines", "means", "reason"),
    [
        ([value(0.1, group="baseline", persona=None)], [0.4, 0.6], "one baseline is that of all personas"),
        (
            [value(n, group="baseline", persona=who) for who, n in (("ann", 0.1), ("bob", 0.2))],
            [0.4, 0.5],
            "a baseline of each persona: never one that answered another's items",
        ),
        ([value(0.1, group="baseline", persona="ann")], [0.4], "no baseline for this persona: no pair"),
        ([value(0.1, group="baseline", persona=None, model="two")], [], "another model's is none"),
        ([value(0.1, group="baseline", persona=None, position=2)], [], "another checkpoint's is none"),
    ],
)
def test_whose_baseline_is_subtracted(baselines, means, reason):
    found = made([value(0.5, persona="ann"), value(0.7, persona="bob"), *baselines])
    against = found[found["contrast"] == "baseline"]
    if not means:
        assert against.empty, reason
        return
    assert only(against)["n_pairs"] == len(means), reason
    assert only(against)["mean"] == pytest.approx(np.mean(means)), reason


def test_orders_and_replicates_are_averaged_first():
    rows = [
        value(n, order=o, replicate=r) for n, o, r in ((1.0, "fixed", 1), (0.0, "shuffled", 1), (0.0, "fixed", 2))
    ]
    row = only(made([*rows, value(0.0, condition=CONDITIONS[1])]), contrast=BETWEEN)
    assert (row["mean"], row["n_pairs"]) == (0.25, 1)


def test_a_pair_without_one_value_is_missing_and_not_zero():
    rows = [value(0.6), value(None, condition=CONDITIONS[1]), value(0.3, persona="hal")]
    row = only(made([*rows, value(0.1, persona="hal", condition=CONDITIONS[1])]), contrast=BETWEEN)
    assert row["mean"] == pytest.approx(0.2)
    assert (row["n_pairs"], row["n_missing"]) == (1, 1)
    nothing = only(made(rows[:2]), contrast=BETWEEN)
    assert (nothing["n_pairs"], nothing["n_missing"]) == (0, 1)
    assert np.isnan([nothing[name] for name in ("mean", "low", "p", "noise", "items_low")]).all()


def test_a_mean_of_zero_is_zero():
    # 0.1 + 0.2 - 0.3 is no 0 in floating point.
    rows = [value(0.1 + 0.2, persona=who) for who in PERSONAS]
    row = only(
        made([*rows, *(value(0.3, persona=who, condition=CONDITIONS[1]) for who in PERSONAS)]), contrast=BETWEEN
    )
    assert (row["mean"], row["p"]) == (0.0, 1.0) and np.isnan(row["low"]), "and no interval of width 0"


def test_the_order_of_the_rows_has_no_influence():
    drawing = np.random.default_rng(0)
    rows = grid(
        lambda **_: drawing.normal(), model=MODELS, persona=PERSONAS, condition=CONDITIONS, position=(0, 1, 2)
    )
    shuffled = [rows[k] for k in drawing.permutation(len(rows))]
    pd.testing.assert_frame_equal(made(rows), made(shuffled))
    assert made(rows).dtypes.astype(str).to_dict() == CONTRAST_DTYPES


def test_no_values_no_contrasts():
    found = made([])
    assert found.empty
    assert found.dtypes.astype(str).to_dict() == CONTRAST_DTYPES


# The noise floor.


def replicated(noise: float, n: int = 400, replicates: int = 4) -> list[dict[str, Any]]:
    drawing = np.random.default_rng(5)
    axes = {"persona": [f"p{k}" for k in range(n)], "condition": CONDITIONS, "replicate": range(1, replicates + 1)}
    return grid(lambda **_: 0.5 + noise * drawing.normal(), **axes)


def test_noise_is_the_half_width_that_replicates_give():
    row = only(made(replicated(0.1)), contrast=BETWEEN)
    assert row["noise"] == pytest.approx(1.96 * np.sqrt(2 * 0.1**2 / 4 / 400), rel=0.05)
    # Nothing but replicates is in these values, so the interval over pairs has to agree with it.
    assert (row["high"] - row["low"]) / 2 == pytest.approx(row["noise"], rel=0.2)


def test_one_replicate_tells_no_noise():
    assert np.isnan(only(made(replicated(0.1, 5, 1)), contrast=BETWEEN)["noise"])


def test_a_baseline_in_many_pairs_is_one_cell_for_the_noise():
    spread = {1: 0.4, 2: 0.6}  # variance 0.02 between two replicates
    ends = [value(n, replicate=r, persona=p) for (r, n), p in product(spread.items(), PERSONAS)]
    base = [value(n, replicate=r, persona=None, group="baseline") for r, n in spread.items()]
    row = only(made([*ends, *base]), contrast="baseline")
    assert row["noise"] == pytest.approx(stats.t.ppf(0.975, 5) * np.sqrt(0.02 / 2 * (4 / 16 + 1)))


# Intervals.


def variances(total: float, shared: float, **place: Any) -> pd.DataFrame:
    """What items add at one point."""
    point = {"measure": "m", "contrast": BETWEEN, "condition": None, "group": "persona", "position": 0, **place}
    return pd.DataFrame(
        [{**point, "by": "all", "unit": "", "n_items": 50, "total": total, "shared": shared, "nested": False}]
    )


def differing(models: int, personas: int) -> list[dict[str, Any]]:
    drawing = np.random.default_rng(7)
    names = {"model": [f"m{n}" for n in range(models)], "persona": [f"p{n}" for n in range(personas)]}
    return grid(lambda **_: drawing.normal(), **names, condition=CONDITIONS)


def test_an_interval_says_what_it_is_over():
    rows = differing(3, 4)
    assert only(made(rows), contrast=BETWEEN)["over"] == "models, personas"
    row = only(contrasts(table(rows), variances(0.02, 0.01), CONDITIONS), contrast=BETWEEN)
    assert row["over"] == "models, personas, items"
    assert row["items_high"] - row["items_low"] == pytest.approx(2 * stats.t.ppf(0.975, 49) * np.sqrt(0.02))
    assert row["items_low"] < row["mean"] < row["items_high"] and 0 < row["items_p"] <= 1
    alone = only(contrasts(table(rows), variances(0.02, 0.01), CONDITIONS, ["items"]), contrast=BETWEEN)
    assert (alone["over"], alone["low"], alone["p"]) == ("items", row["items_low"], row["items_p"])


def test_with_two_personas_nothing_is_said_of_personas_but_of_items():
    rows = differing(1, 2)
    assert np.isnan(only(made(rows), contrast=BETWEEN)["low"])
    assert only(contrasts(table(rows), variances(0.02, 0.01), CONDITIONS), contrast=BETWEEN)["over"] == "items"


def test_what_items_add_is_looked_up_at_its_own_point():
    for place in ({"position": 1}, {"group": "baseline"}, {"measure": "n"}, {"contrast": "progression"}):
        row = only(contrasts(table(differing(1, 2)), variances(0.02, 0.01, **place), CONDITIONS), contrast=BETWEEN)
        assert row["over"] == "", place
