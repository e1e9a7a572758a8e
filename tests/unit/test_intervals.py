"""Intervals of means over models, personas and items: by hand, against scipy, and whatever is missing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from personas.stats.correction import adjust_p
from personas.stats.intervals import ITEMS, MODELS, PERSONAS, Items, estimate, variance, wilson
from personas.stats.items import of_items
from personas.stats.onset import onset

NAN = float("nan")
NO_ITEMS = Items(0, NAN, NAN, nested=False)


def of_personas(*values: float) -> np.ndarray:
    return np.array([values], dtype=float)


@pytest.mark.parametrize(
    ("cells", "n", "reason"),
    [
        (np.full((1, 1), NAN), 0, "nothing is not zero"),
        (of_personas(3.0), 1, "one cell shows no spread"),
        (of_personas(3.0, 4.0), 2, "two hardly do"),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), 4, "nor do two by two"),
        (of_personas(3.0, NAN, 4.0), 2, "a gap is no cell"),
    ],
)
def test_too_few_units_have_no_interval(cells, n, reason):
    found = estimate(cells)
    assert np.isnan([found.low, found.high, found.p]).all(), reason
    assert (found.over, found.n) == ("", n)


def test_over_personas_alone_it_is_students_interval():
    values = np.random.default_rng(1).normal(0.3, 1, 8)
    found, theirs = estimate(values[None]), stats.ttest_1samp(values, 0)
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval()))
    assert found.p == pytest.approx(theirs.pvalue) and found.over == "personas"
    assert estimate(values[:, None]).over == "models"


def test_the_order_of_cells_has_no_influence():
    cells = np.random.default_rng(2).normal(size=(5, 6))
    assert estimate(cells[::-1, ::-1]) == (
        *(pytest.approx(number) for number in estimate(cells)[:4]),
        "models, personas",
        30,
    )


def test_over_models_and_personas_both_differences_count():
    drawing = np.random.default_rng(3)
    models, personas = 2 * drawing.normal(size=(40, 1)), drawing.normal(size=(1, 30))
    found = variance(models + personas + 0.1 * drawing.normal(size=(40, 30)))
    assert found.value == pytest.approx(models.var(ddof=1) / 40 + personas.var(ddof=1) / 30, rel=0.02)
    assert found.over == (MODELS, PERSONAS) and 39 < found.freedom < 60, "mostly that of the models"


def test_of_two_models_the_interval_is_over_personas_as_they_are_in_these_two():
    cells = np.random.default_rng(4).normal(size=(2, 8)) + np.array([[5.0], [-5.0]])
    found, means = estimate(cells), cells.mean(axis=0)
    assert found.over == "personas"
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 7, means.mean(), stats.sem(means)))


def test_what_is_not_asked_for_is_not_generalised_over():
    cells = np.random.default_rng(5).normal(size=(6, 6))
    assert estimate(cells, generalise=[PERSONAS]).over == "personas"
    assert estimate(cells, generalise=[]).over == ""
    assert estimate(cells, generalise=[ITEMS], items=NO_ITEMS).over == ""


def test_a_missing_cell_pulls_nothing_towards_zero():
    cells = 1.0 + np.random.default_rng(6).normal(scale=0.01, size=(4, 4))
    cells[0, 0] = NAN
    found = estimate(cells)
    assert found.n == 15 and 0.98 < found.low < found.mean < found.high < 1.02


def test_without_any_spread_nothing_is_said_but_that_nothing_differs():
    alike = estimate(of_personas(0.2, 0.2, 0.2, 0.2))
    assert np.isnan([alike.low, alike.high]).all() and alike.mean == 0.2, "no interval of width 0"
    assert alike.p == 2 / 2**4, "four personas that all say so: the sign test"
    nothing = estimate(of_personas(0.0, 0.0, 0.0))
    assert nothing.p == 1.0 and np.isnan(nothing.low)
    rounding = estimate(of_personas(0.1 + 0.2 - 0.3, 0.0, 0.1 + 0.2 - 0.3))
    assert np.isnan(rounding.low), "the last digit of a sum is no spread"


def test_a_rate_without_spread_has_wilsons_interval_over_its_items():
    items = Items(20, 0.0, 0.0, nested=False)
    found = estimate(of_personas(0.0, 0.0), items=items, share=True)
    assert (found.low, found.high) == pytest.approx(wilson(0.0, 20)) and found.high > 0.1
    assert np.isnan(estimate(of_personas(0.0, 0.0), items=items).low), "a difference of rates is none"


def test_a_rate_stays_between_0_and_1():
    found = estimate(of_personas(0.0, 0.0, 0.3, 0.9), share=True)
    assert found.low == 0.0 and found.high < 1.0


# What items add.


def answers(cells: tuple[int, int], n: int, of_items: float, noise: float, seed: int = 1) -> np.ndarray:
    drawing = np.random.default_rng(seed)
    return of_items * drawing.normal(size=(1, 1, n)) + noise * drawing.normal(size=(*cells, n))


def test_of_one_cell_it_is_the_variance_of_a_mean_over_items():
    values = answers((1, 1), 50, 0.0, 1.0)
    found = of_items(values)
    assert found.total == pytest.approx(values.var(ddof=1) / 50) and found.shared == 0.0 and found.n == 50


def test_what_cells_share_is_told_from_what_they_do_not():
    found = of_items(answers((4, 5), 4000, 0.5, 1.0))
    assert found.shared == pytest.approx(0.25 / 4000, rel=0.2)
    assert found.total == pytest.approx((0.25 + 1 / 20) / 4000, rel=0.1)
    assert of_items(answers((4, 5), 4000, 0.0, 1.0)).shared < 0.01 / 4000


def test_a_baseline_that_all_personas_share_is_shared():
    drawing = np.random.default_rng(7)
    baseline = drawing.normal(size=(1, 1, 2000))
    found = of_items(0.1 * drawing.normal(size=(1, 8, 2000)) - baseline)
    assert found.shared == pytest.approx(1 / 2000, rel=0.1), "its noise stands in every difference"


def test_items_of_one_persona_each_are_drawn_with_it():
    values = np.full((3, 4, 40), NAN)
    drawing = np.random.default_rng(8)
    for persona in range(4):
        values[:, persona, 10 * persona : 10 * (persona + 1)] = drawing.normal(size=10) + persona
    found = of_items(values)
    assert found.nested and found.shared > 0
    means = np.nanmean(values, axis=2)
    assert estimate(means, items=found) == estimate(means, items=found._replace(shared=0.0)), "personas hold it"
    alone = estimate(means, generalise=[MODELS, ITEMS], items=found)
    assert alone.over == "models, items" and alone.low < alone.high


def test_with_few_cells_the_interval_is_over_items_and_with_many_they_add():
    values = answers((1, 2), 30, 0.3, 1.0)
    few = estimate(values.mean(axis=2), items=of_items(values))
    assert few.over == "items" and few.high - few.low == pytest.approx(
        2 * stats.t.ppf(0.975, 29) * np.sqrt(of_items(values).total)
    )
    values = answers((1, 9), 30, 3.0, 0.1)
    many = estimate(values.mean(axis=2), items=of_items(values))
    assert many.over == "personas, items"
    assert many.high - many.low > 5 * (lambda e: e.high - e.low)(estimate(values.mean(axis=2)))


def test_four_items_are_too_few():
    values = answers((1, 1), 4, 1.0, 1.0)
    assert estimate(values.mean(axis=2), items=of_items(values)).over == ""


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 12), st.floats(0, 0.6), st.integers(0, 10_000), st.booleans()
)
def test_an_interval_holds_its_mean_whatever_is_missing(models, personas, items, gaps, seed, nested):
    drawing = np.random.default_rng(seed)
    values = drawing.normal(size=(models, personas, items))
    values[drawing.random(values.shape) < gaps] = NAN
    if nested:
        values[:, np.arange(personas)[:, None] != np.arange(items)[None, :] % personas] = NAN
    with np.errstate(all="raise"):
        known = ~np.isnan(values)
        n = known.sum(axis=2)
        means = np.where(n > 0, np.where(known, values, 0).sum(axis=2) / np.maximum(n, 1), NAN)
        found = estimate(means, items=of_items(values))
    if found.over:
        assert found.low < found.mean < found.high and 0 < found.p <= 1
    else:
        assert np.isnan([found.low, found.high, found.p]).all()


# What is claimed together.


def test_a_textbook_family():
    # Benjamini and Hochberg (1995), section 3.1: 15 tests, of which they reject four at 0.05, and Holm three.
    small = (0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459)
    p = np.array([*small, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0])
    assert (adjust_p(p, "benjamini-hochberg") <= 0.05).sum() == 4
    assert (adjust_p(p, "holm") <= 0.05).sum() == 3


def test_gaps_are_no_part_of_a_family():
    p = np.array([0.01, NAN, 0.04])
    assert adjust_p(p, "benjamini-hochberg") == pytest.approx([0.02, NAN, 0.04], nan_ok=True)
    assert np.isnan(adjust_p(np.array([NAN]), "holm")).all()


# Where a change sets in.

POSITIONS = np.array([0.0, 10, 20, 30, 40, 50])


def curves(bend: float, n: int, noise: float, seed: int = 1) -> np.ndarray:
    drawing = np.random.default_rng(seed)
    return 0.9 - 0.01 * np.maximum(0, POSITIONS - bend) + noise * drawing.normal(size=(n, len(POSITIONS)))


@pytest.mark.parametrize("bend", [0.0, 20.0, 40.0])
def test_a_clear_bend_is_found_with_a_narrow_interval(bend):
    found = onset(curves(bend, 8, 0.01), POSITIONS, resamples=300, seed=1)
    assert found.since == bend and found.low <= bend <= found.high and found.high - found.low <= 10


def test_its_interval_holds_the_bend_about_as_often_as_promised():
    found = [onset(curves(20, 8, 0.08, seed), POSITIONS, resamples=200, seed=1) for seed in range(60)]
    held = [np.isnan(one.low) or one.low <= 20 <= one.high for one in found]
    assert np.mean(held) >= 0.88


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (curves(20, 2, 0.01), "two curves"),
        (curves(20, 8, 0.01)[:, :3], "three positions"),
        (np.random.default_rng(1).normal(size=(4, 6)), "noise can bend anywhere"),
    ],
)
def test_nothing_is_said_where_the_data_cannot_tell(found, reason):
    assert np.isnan(onset(found, POSITIONS[: found.shape[1]], resamples=300, seed=1).since), reason
