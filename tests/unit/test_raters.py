"""Two raters of known confusion: kappas worked out by hand, what is not defined, intervals over clusters."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from personas.stats.bootstrap import resampled_sums
from personas.stats.raters import Agreement, agree, kappas

LIKERT = (1.0, 2.0, 3.0, 4.0, 5.0)


def compared(matrix: Sequence[Sequence[int]], values: Sequence[float] = LIKERT, **options: int) -> Agreement:
    """Compare two raters who make this confusion matrix, every item a cluster of its own."""
    pairs = [(values[i], values[j]) for i, row in enumerate(matrix) for j, n in enumerate(row) for _ in range(n)]
    one, other = pd.Series([a for a, _ in pairs]), pd.Series([b for _, b in pairs])
    return agree(one, other, pd.Series(range(len(pairs))), values, **options)


def test_two_labels() -> None:
    """20 both yes, 5 and 10 one only, 15 both no: agreement .7, by chance (25 x 30 + 25 x 20) / 2500 = .5, kappa .4.

    With two labels quadratic weights change nothing.
    """
    found = compared([[20, 5], [10, 15]], (0.0, 1.0))
    assert found.n == 50 and found.agreement.value == pytest.approx(0.7)
    assert found.kappa.value == pytest.approx(0.4) and found.quadratic.value == pytest.approx(0.4)
    assert found.confusion == [[20, 5], [10, 15]] and found.undefined is None


def test_neighbouring_ratings() -> None:
    """Agreement 11/15, by chance 1/3: kappa .6. Squared distances: 4/15 seen, 4/3 by chance: quadratic .8."""
    found = compared([[4, 1, 0, 0, 0], [1, 3, 1, 0, 0], [0, 1, 4, 0, 0], [0] * 5, [0] * 5])
    assert found.kappa.value == pytest.approx(0.6) and found.quadratic.value == pytest.approx(0.8)
    assert found.mae.value == pytest.approx(4 / 15) and found.within_one.value == 1.0


def test_one_far_apart() -> None:
    """Margins 5, 5, 5 and 4, 5, 6. Chance 75/225: kappa .9. Squared: 4/15 seen, 300/225 by chance: quadratic .8."""
    found = compared([[4, 0, 1, 0, 0], [0, 5, 0, 0, 0], [0, 0, 5, 0, 0], [0] * 5, [0] * 5])
    assert found.kappa.value == pytest.approx(0.9) and found.quadratic.value == pytest.approx(0.8)
    assert found.mae.value == pytest.approx(2 / 15) and found.within_one.value == pytest.approx(14 / 15)


def test_worse_than_chance_is_negative() -> None:
    """Always the other one: agreement 0, by chance .5, kappa -1."""
    assert compared([[0, 5], [5, 0]], (0.0, 1.0)).kappa.value == pytest.approx(-1)


@pytest.mark.parametrize(
    ("matrix", "agreement"),
    [
        pytest.param([[7, 0], [0, 0]], 1.0, id="both only say one thing"),
        pytest.param([[6, 1], [0, 0]], 6 / 7, id="a says one thing: chance explains all"),
        pytest.param([[0, 3], [0, 4]], 4 / 7, id="b says one thing"),
    ],
)
def test_one_label_has_no_kappa_and_says_so(matrix: list[list[int]], agreement: float) -> None:
    found = compared(matrix, (0.0, 1.0))
    assert np.isnan(found.kappa).all() and np.isnan(found.quadratic).all() and found.undefined == "one-label"
    assert found.agreement.value == pytest.approx(agreement)


def test_no_items_have_nothing_and_say_so() -> None:
    found = compared([[0, 0], [0, 0]], (0.0, 1.0))
    assert found.n == 0 and found.undefined == "no-items" and np.isnan(found.agreement).all()


def test_one_cluster_has_values_and_no_interval() -> None:
    one, other = pd.Series([1.0, 2.0, 3.0]), pd.Series([1.0, 2.0, 2.0])
    found = agree(one, other, pd.Series(["d", "d", "d"]), LIKERT)
    assert found.undefined == "one-cluster" and found.n_clusters == 1
    assert not np.isnan(found.kappa.value) and np.isnan([found.kappa.low, found.agreement.high]).all()


def test_raters_that_always_agree_are_not_sure_of_it() -> None:
    found = compared([[6, 0], [0, 6]], (0.0, 1.0))
    assert found.kappa.value == found.agreement.value == 1.0
    assert np.isnan([found.kappa.low, found.kappa.high, found.mae.low]).all(), "no interval of width 0"
    assert 0.7 < found.agreement.low < 0.8 and found.agreement.high == 1.0, "Wilson's, of twelve"


def test_a_value_off_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ratings of 6\.0, expected one of \[1\.0"):
        agree(pd.Series([6.0]), pd.Series([1.0]), pd.Series([0]), LIKERT)


def test_intervals_hold_the_value_and_do_not_depend_on_order() -> None:
    found = compared([[20, 5], [10, 15]], (0.0, 1.0))
    for estimate in (found.kappa, found.quadratic, found.agreement):
        assert estimate.low < estimate.value < estimate.high
    back = pd.Series([0.0] * 25 + [1.0] * 25), pd.Series([0.0] * 20 + [1.0] * 5 + [0.0] * 10 + [1.0] * 15)
    turned = [side[::-1].reset_index(drop=True) for side in back]
    assert agree(turned[0], turned[1], pd.Series(range(50)), (0.0, 1.0)).kappa == found.kappa
    assert compared([[20, 5], [10, 15]], (0.0, 1.0), seed=1).kappa != found.kappa


def test_items_of_one_dialogue_count_as_one() -> None:
    """Ten dialogues of ten equal items know no more than ten items: the interval is about 3 times as wide."""
    same = [0.0] * 4 + [1.0] * 6, [0.0] * 2 + [1.0] * 2 + [0.0] * 1 + [1.0] * 5
    one, other = (pd.Series(np.repeat(side, 10)) for side in same)
    alone = agree(one, other, pd.Series(range(100)), (0.0, 1.0)).agreement
    together = agree(one, other, pd.Series(np.repeat(range(10), 10)), (0.0, 1.0))
    assert together.n_clusters == 10 and together.agreement.value == pytest.approx(alone.value)
    assert 2.5 < (together.agreement.high - together.agreement.low) / (alone.high - alone.low) < 4


@given(st.lists(st.tuples(st.sampled_from(LIKERT), st.sampled_from(LIKERT)), min_size=2, max_size=40))
def test_the_formula_of_resamples_is_that_of_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    matrix, places = np.zeros((5, 5)), np.arange(5)
    for a, b in pairs:
        matrix[int(a) - 1, int(b) - 1] += 1
    squares = (places[:, None] - places[None, :]) ** 2.0
    one, other = ([int(side) for side in sides] for sides in zip(*pairs, strict=True))
    for weights, kind in (((squares > 0).astype(float), None), (squares, "quadratic")):
        found = kappas(matrix.reshape(1, -1), weights)[0]
        if min(len(set(one)), len(set(other))) < 2:
            assert np.isnan(found)
        else:
            assert found == pytest.approx(cohen_kappa_score(one, other, weights=kind, labels=[1, 2, 3, 4, 5]))


def test_resampled_sums_are_sums_of_as_many_rows() -> None:
    sums = resampled_sums([[1, 0], [0, 1], [0, 1]], resamples=200)
    assert sums.shape == (200, 2) and (sums.sum(axis=1) == 3).all()
    assert sums[:, 0].mean() == pytest.approx(1, abs=0.2) and len(set(sums[:, 0])) > 2
    with pytest.raises(ValueError, match="at least one"):
        resampled_sums(np.zeros((0, 2)))
