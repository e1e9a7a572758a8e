"""Contrasts: which cells are subtracted, and what stands beside the mean."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from personas.stats.clustered import clustered
from personas.stats.sign_flip_test import FLIPS, p_values, q_values
from personas.tables.contrasts import CONTRAST_DTYPES, contrasts
from tests.valued import CONDITIONS, grid, table, value

BETWEEN = "condition:persona-directed-goal-oriented"
MODELS, PERSONAS = ("one", "two", "three"), ("ann", "bob", "cid", "dan")


def made(rows: list[dict[str, Any]], conditions: tuple[str, ...] = CONDITIONS) -> pd.DataFrame:
    return contrasts(table(rows), conditions, resamples=200, seed=1)


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
    assert np.isnan([nothing[name] for name in ("mean", "low", "p", "q", "noise", "cluster_low")]).all()


def test_a_bound_at_zero_is_zero():
    # 0.1 + 0.2 - 0.3 is no 0 in floating point.
    rows = [value(0.1 + 0.2, persona=who) for who in PERSONAS]
    row = only(
        made([*rows, *(value(0.3, persona=who, condition=CONDITIONS[1]) for who in PERSONAS)]), contrast=BETWEEN
    )
    assert [row[name] for name in ("mean", "low", "high", "cluster_low", "cluster_high")] == [0.0] * 5


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
    assert row["noise"] == pytest.approx(1.96 * np.sqrt(0.02 / 2 * (4 / 16 + 1)))


# Tests and corrections.


@pytest.mark.parametrize(
    ("differences", "p", "reason"),
    [
        ([1.0, 2.0, 3.0], 2 / 8, "the largest of 8 sums, and its negative"),
        ([1.0, 2.0, -3.0], 1.0, "a mean of 0 is beaten by all"),
        ([5.0], 1.0, "one pair proves nothing"),
        ([0.0, 0.0], 1.0, "no difference at all"),
        ([], np.nan, "no pair, no p"),
        ([0.1] * 12, 2 / 2**12, "twelve pairs are still exact"),
        ([0.1] * 13, 1 / (1 + FLIPS), "thirteen are not: the found choice counts alone"),
        ([1.0, np.nan, 2.0, 3.0], 2 / 8, "a missing pair is not there"),
    ],
)
def test_p_by_hand(differences, p, reason):
    found = p_values(np.array(differences, dtype=float)[:, None], seed=1)
    # Of 13 signs, 2 in 8192 choices are as extreme; the draws may hold some.
    tolerance = 8 / FLIPS if len(differences) == 13 else 1e-12
    assert found == pytest.approx([p], abs=tolerance, nan_ok=True), reason


def test_p_agrees_with_scipy():
    drawing = np.random.default_rng(3)
    differences = drawing.normal(0.2, 1.0, size=(10, 4))
    expected = [stats.permutation_test((d,), np.mean, permutation_type="samples").pvalue for d in differences.T]
    assert p_values(differences, seed=1) == pytest.approx(expected)


def test_p_of_many_pairs_is_never_zero():
    assert p_values(np.ones((40, 1)), seed=1) == pytest.approx([1 / 10_000])


def test_random_flips_agree_with_a_t_test():
    differences = np.random.default_rng(4).normal(0.25, 1.0, size=(56, 5))
    assert p_values(differences, seed=1) == pytest.approx(stats.ttest_1samp(differences, 0.0).pvalue, abs=0.02)


@pytest.mark.parametrize(
    ("bound", "p", "reason"),
    [
        (True, 2 / 2**12, "twelve baselines: twelve signs"),
        (False, 2 / 2**3, "three baselines: the personas of a model have one sign, because they share its noise"),
    ],
)
def test_pairs_that_share_a_baseline_flip_together(bound, p, reason):
    rows = grid(lambda **_: 0.5, model=MODELS, persona=PERSONAS)
    base = grid(lambda **_: 0.1, model=MODELS, persona=PERSONAS if bound else [None], group=["baseline"])
    row = only(made([*rows, *base]), contrast="baseline")
    assert row["p"] == pytest.approx(p), reason
    assert row["n_pairs"] == 12


def test_columns_with_gaps_are_as_if_alone():
    differences = np.random.default_rng(5).normal(size=(9, 3))
    differences[2:, 1] = np.nan
    together = p_values(differences, seed=1)
    assert together[1] == p_values(differences[:2, [1]], seed=1)[0]
    assert together[0] == p_values(differences[:, [0]], seed=1)[0]


def test_q_of_a_textbook_family():
    # Benjamini and Hochberg (1995), section 3.1: 15 tests, of which they reject four at 0.05.
    small = (0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459)
    p = np.array([*small, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0])
    assert (q_values(p) <= 0.05).sum() == 4
    assert q_values(p)[0] == pytest.approx(0.0001 * 15)


def test_q_leaves_gaps_out_of_the_family():
    assert q_values(np.array([0.01, np.nan, 0.04])) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


def test_positions_are_corrected_within_their_family_only():
    drawing = np.random.default_rng(6)
    rows = grid(lambda **_: drawing.normal(), model=MODELS, persona=PERSONAS, condition=CONDITIONS, position=range(4))
    found = made(rows)
    for _, family in found.groupby(["contrast", "condition"], dropna=False):
        assert family["q"].to_numpy() == pytest.approx(stats.false_discovery_control(family["p"]))


# Intervals over models and personas.


def cube(models: int, personas: int, of_models: float, of_personas: float, noise: float) -> np.ndarray:
    drawing = np.random.default_rng(7)
    shape = (models, personas, 1)
    return (
        of_models * drawing.normal(size=(models, 1, 1))
        + of_personas * drawing.normal(size=(1, personas, 1))
        + noise * drawing.normal(size=shape)
    )


def width(differences: np.ndarray) -> float:
    low, high = clustered(differences, resamples=4000, seed=1)
    return float(high[0] - low[0])


@pytest.mark.parametrize(
    ("models", "personas"), [(60, 40), (60, 1), (1, 40)], ids=["both", "models alone", "personas alone"]
)
def test_clustered_interval_has_the_width_of_its_clusters(models, personas):
    found = cube(models, personas, 1.0 if models > 1 else 0.0, 0.5 if personas > 1 else 0.0, 0.0)
    by_model, by_persona = found.mean(axis=1).var(), found.mean(axis=0).var()
    expected = 2 * 1.96 * np.sqrt(by_model / models + by_persona / personas)
    assert width(found) == pytest.approx(expected, rel=0.1)


def test_clustered_interval_is_wider_where_models_differ_as_a_whole():
    found = cube(7, 8, 1.0, 0.0, 0.1)
    rows = grid(
        lambda model, persona, condition: found[model, persona, 0] if condition == CONDITIONS[0] else 0.0,
        model=range(7),
        persona=range(8),
        condition=CONDITIONS,
    )
    named = [row | {"model": str(row["model"]), "persona": str(row["persona"])} for row in rows]
    row = only(made(named), contrast=BETWEEN)
    assert row["cluster_high"] - row["cluster_low"] > 1.5 * (row["high"] - row["low"])


@pytest.mark.parametrize(
    ("models", "personas", "gap"),
    [(1, 1, True), (2, 1, False), (1, 2, False), (2, 2, False)],
)
def test_one_model_and_one_persona_have_no_clustered_interval(models, personas, gap):
    low, _ = clustered(cube(models, personas, 1, 1, 1), resamples=50, seed=1)
    assert np.isnan(low[0]) == gap


def test_a_missing_pair_pulls_nothing_towards_zero():
    found = np.ones((3, 3, 1))
    found[0, 0] = np.nan
    low, high = clustered(found, resamples=500, seed=1)
    assert (low[0], high[0]) == (1.0, 1.0)


def test_a_missing_pair_has_no_weight():
    found = cube(3, 3, 1.0, 1.0, 1.0)
    found[0, 0] = np.nan
    low, high = clustered(found, resamples=500, seed=1)
    assert low[0] < np.nanmean(found) < high[0]
