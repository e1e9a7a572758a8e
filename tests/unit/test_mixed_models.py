"""Mixed models: the numbers of the fit, its status, and which rows go into which model."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.regression.mixed_linear_model import MixedLM

from personas.stats.mixed import fit
from personas.tables.mixed_models import MIXED_DTYPES, Families, mixed_models
from tests.unit.test_contrasts import only
from tests.valued import CONDITIONS, grid, table

PERSONAS, POSITIONS = tuple("abcdefgh"), (0, 11, 22, 34, 45, 56, 68, 79, 90, 102)
SIZES: dict[str, dict[str, Any]] = {
    "small": {"size": 1, "family": "F"},
    "large": {"size": 2, "family": "F"},
    "other": {"size": 3, "family": None},
}


def sloped(slope: float = 0.002, between: float = 0.1, noise: float = 0.02) -> list[dict[str, Any]]:
    drawing = np.random.default_rng(1)
    own = dict(zip(PERSONAS, between * drawing.normal(size=len(PERSONAS)), strict=True))
    return grid(
        lambda persona, position: 0.5 + own[persona] + slope * position + noise * drawing.normal(),
        persona=PERSONAS,
        position=POSITIONS,
    )


def made(
    rows: list[dict[str, Any]],
    counts: pd.DataFrame | None = None,
    models: Families | None = None,
    study: bool = False,
):
    return mixed_models(table(rows), counts, models or {}, study=study)


def test_the_numbers_are_those_of_the_studys_formula():
    rows = table(sloped())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = smf.mixedlm("value ~ position", rows, groups=rows["persona"]).fit(method=["powell", "lbfgs"])
    row = only(made(sloped()), family="length", term="position")
    found = [row[name] for name in ("coefficient", "se", "z", "p")]
    expected = [column["position"] for column in (theirs.params, theirs.bse, theirs.tvalues, theirs.pvalues)]
    assert found == pytest.approx(expected, rel=1e-9)
    assert (row["low"], row["high"]) == pytest.approx(tuple(theirs.conf_int().loc["position"]), rel=1e-9)
    assert row["group_variance"] == pytest.approx(float(theirs.cov_re.iloc[0, 0]), rel=1e-9)
    assert (row["n"], row["n_groups"], row["status"], row["optimizer"]) == (80, 8, "ok", "powell")


def test_a_slope_is_found():
    row = only(made(sloped()), family="length", term="position")
    assert row["low"] < 0.002 < row["high"]
    assert row["p"] < 1e-6


def rows_of(values: list[float], groups: str, x: list[float] | None = None) -> tuple[pd.DataFrame, pd.Series]:
    return pd.DataFrame({"value": values, "x": x or list(range(len(values)))}, dtype=float), pd.Series(list(groups))


@pytest.mark.parametrize(
    ("rows", "status", "fitted", "reason"),
    [
        (rows_of([1, 2, 3, 5], "aaaa"), "too-few", False, "one group has no variance between groups"),
        (rows_of([1, 2, 4], "aab"), "too-few", False, "as many parameters as rows"),
        (rows_of([1, 2, 3, 7, 5], "aabbb", [1.0] * 5), "too-few", False, "the term does not vary"),
        (rows_of([np.nan] * 4, "aabb"), "too-few", False, "nothing but gaps"),
        (rows_of([0.3] * 6, "aabbcc"), "singular", False, "always the same: nothing to explain"),
        (rows_of([0, 1, 2, 3, 4, 5], "aabbcc"), "singular", False, "a line through all: nothing left to explain"),
        (
            rows_of([1, -1, 2, -2, 1.5, -1.5], "aabbcc", [0, 1] * 3),
            "singular",
            True,
            "groups do not differ: as without them",
        ),
        (rows_of([1, 3, 2, 5, 4, 7], "abcdef"), "singular", True, "each group has one row"),
    ],
)
def test_status(rows, status, fitted, reason):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fit(rows[0], ["x"], rows[1])
    assert found.status == status, reason
    assert np.isfinite(found.terms[1]["coefficient"]) == fitted, reason
    assert [term["term"] for term in found.terms] == ["intercept", "x"]


def test_without_variance_between_groups_it_is_a_plain_regression():
    drawing = np.random.default_rng(2)
    x = np.tile(np.arange(10.0), 4)
    noise = drawing.normal(size=(4, 10))
    noise -= noise.mean(axis=1, keepdims=True)
    rows = pd.DataFrame({"value": 2 * x + noise.ravel(), "x": x})
    found = fit(rows, ["x"], pd.Series(np.repeat(list("abcd"), 10)))
    slope, _ = np.polyfit(x, rows["value"], 1)
    assert found.status == "singular"
    assert found.terms[1]["coefficient"] == pytest.approx(slope)


@pytest.mark.parametrize(
    ("optimizers", "status", "last"),
    [(("powell",), "not-converged", "powell"), (("powell", "lbfgs"), "ok", "lbfgs")],
    ids=["nobody converges", "the second one does"],
)
def test_an_optimizer_that_gives_up_is_told(monkeypatch: pytest.MonkeyPatch, optimizers, status, last):
    real = MixedLM.fit
    # One iteration is too few for Powell's method on these rows.
    monkeypatch.setattr(MixedLM, "fit", lambda self, **kwargs: real(self, **kwargs, maxiter=1))
    monkeypatch.setattr("personas.stats.mixed.OPTIMIZERS", optimizers)
    rows = table(sloped())
    found = fit(rows, ["position"], rows["persona"])
    assert (found.status, found.optimizer) == (status, last)
    assert np.isfinite(found.terms[1]["coefficient"])


def test_a_fit_that_breaks_off_is_told(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any, **__: Any) -> Any:
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(MixedLM, "fit", broken)
    rows = table(sloped())
    assert fit(rows, ["position"], rows["persona"]).status == "failed"


def test_gaps_stay_out_and_are_counted():
    rows = sloped()
    rows[3] |= {"value": None}
    row = only(made(rows), family="length", term="position")
    assert (row["n"], row["n_missing"]) == (79, 1)


def with_baseline(bound: bool) -> list[dict[str, Any]]:
    drawing = np.random.default_rng(3)
    base = grid(
        lambda **_: 0.7 + 0.02 * drawing.normal(),
        persona=PERSONAS if bound else [None],
        position=POSITIONS,
        group=["baseline"],
    )
    return [*sloped(slope=0.0), *base]


@pytest.mark.parametrize(
    ("bound", "study", "groups", "reason"),
    [
        (True, False, 8, "a persona and the baseline that answers its items hang together"),
        (False, False, 9, "a baseline of nobody is one more"),
        (False, True, 90, "the study: each checkpoint and persona, with one row each"),
        (True, True, 160, "the study: the baseline of each persona apart from it"),
    ],
)
def test_groups_of_personalization(bound, study, groups, reason):
    row = only(made(with_baseline(bound), study=study), family="personalization", term="persona")
    assert row["n_groups"] == groups, reason
    assert (row["status"] == "singular") == study, reason
    assert row["coefficient"] == pytest.approx(-0.2, abs=0.1)


def test_size_of_the_model():
    drawing = np.random.default_rng(4)
    rows = grid(
        lambda model, position, **_: (position > 0) * 0.1 * (SIZES[model]["size"] or 0) + 0.01 * drawing.normal(),
        model=tuple(SIZES),
        persona=PERSONAS,
        position=(0, 5, 9),
    )
    row = only(made(rows, models=SIZES), family="length-by-size", term="size")
    assert row["low"] < 0.1 < row["high"]
    assert (row["n"], row["n_groups"]) == (3, 3), "a model counts once, however many personas it plays"
    study = only(made(rows, models=SIZES, study=True), family="length-by-size", term="size")
    assert (study["n"], study["n_groups"]) == (24, 16), "persona and family; one without family is one by itself"
    assert pd.isna(row["model"])
    assert "length-by-size" not in set(made(rows)["family"]), "no model has a size"
    alone = {"small": SIZES["small"]}
    assert only(made(rows, models=alone), family="length-by-size", term="size")["status"] == "too-few"


@pytest.mark.parametrize(("study", "n"), [(False, 3), (True, 48)])
def test_checkpoint_0_of_two_conditions_counts_once(study, n):
    drawing = np.random.default_rng(5)
    axes: dict[str, Any] = {"model": tuple(SIZES), "condition": CONDITIONS}
    rows = grid(lambda **_: drawing.normal(), persona=PERSONAS, **axes)
    rows += grid(lambda **_: drawing.normal(), persona=[None], group=["baseline"], **axes)
    assert only(made(rows, models=SIZES, study=study), family="personalization-by-size", term="size")["n"] == n


def count(n_hits: int, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "model": "m",
        "persona": "a",
        "benchmark": "bfi",
        "condition": CONDITIONS[0],
        "mining": "ok",
    }
    row |= {"checkpoint": 0, "pattern_group": "persona", "speaker": "persona"}
    return row | {"n_patterns": 3, "n_documents": 9, "n_hits": n_hits} | changes


def counted(**last: Any) -> pd.DataFrame:
    drawing = np.random.default_rng(6)
    rows = [
        count(int(20 + 2 * t + drawing.integers(-3, 4)), persona=p, checkpoint=t, benchmark=b)
        for p in "abc"
        for t in (0, 5, 10)
        for b in ("bfi", "xstest")
    ]
    rows[-1] |= last
    return pd.DataFrame([*rows, count(1000, speaker="baseline", checkpoint=5)])


def test_patterns_are_summed_over_benchmarks():
    row = only(made([], counted()), family="patterns", term="position")
    assert row["measure"] == "patterns-persona"
    assert (row["n"], row["n_groups"], row["n_missing"]) == (9, 3, 0)
    assert row["low"] < 4 < row["high"], "twice 2 hits a round"


@pytest.mark.parametrize("last", [{"mining": "timed-out", "n_hits": 0}, {"n_documents": 0, "n_hits": 0}], ids=str)
def test_a_sum_that_lacks_a_benchmark_is_missing(last):
    row = only(made([], counted(**last)), family="patterns", term="position")
    assert (row["n"], row["n_missing"]) == (8, 1)


def test_columns_and_types():
    found = made(with_baseline(bound=False), counted(), models={"one": SIZES["small"]})
    assert found.dtypes.astype(str).to_dict() == MIXED_DTYPES
    assert made([]).dtypes.astype(str).to_dict() == MIXED_DTYPES
