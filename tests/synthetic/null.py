"""How often the statistics find an effect where none was planted: `python -m tests.synthetic.null --seeds 200`.

Every measure of every seed is drawn by itself, and of each family of positions one is looked at (of q: whether any is
significant), so that the tests that are counted are independent and their number is binomial.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pandas as pd
from scipy import stats

from personas.tables.contrasts import contrasts
from personas.tables.mixed_models import mixed_models
from tests.synthetic.measured import values_at_once
from tests.synthetic.study import BOUND, Effect, Study

ALPHA = 0.05
SMALL = Study(
    items={"xstest": 40, "ifbench": 30, "role-specific": 12, "general": 12},
    checkpoints=(0, 34, 68, 102),
    rounds=0,
    default=Effect(of_models=0.05, of_personas=0.05),
)
"""Models and personas differ in level, and nothing else is there."""

SCENARIOS = {
    "alike": SMALL.default,
    "models and personas differ": replace(SMALL.default, slope_of_models=0.0008, slope_of_personas=0.0008),
}
"""In the second one slopes differ from model to model and from persona to persona, and are 0 on average."""

CHANCE = 1e-3
"""By chance alone, a bound is missed so often."""


def found(study: Study, *, resamples: int = 1000) -> Iterator[dict[str, object]]:
    """Yield, for each statistic, contrast and measure of one grid, whether it says that there is an effect."""
    values = values_at_once(study)
    between, along = f"condition:{'-'.join(study.conditions)}", study.conditions[1]
    table = contrasts(values, study.conditions, resamples=resamples, seed=study.seed)
    kept = (table["group"] == "persona") & (table["contrast"] == between)
    kept |= (table["group"] == "persona") & (table["contrast"] == "progression") & (table["condition"] == along)
    kept |= (table["contrast"] == "baseline") & (table["condition"] == along)
    for (measure, contrast), family in table[kept].groupby(["measure", "contrast"]):
        last = family.iloc[-1]
        where = {"contrast": _named(str(contrast), str(measure), between)}
        yield {**where, "statistic": "p", "positive": last["p"] <= ALPHA}
        yield {**where, "statistic": "q", "positive": (family["q"] <= ALPHA).any()}
        yield {**where, "statistic": "percentile", "positive": last["low"] > 0 or last["high"] < 0}
        yield {**where, "statistic": "clustered", "positive": last["cluster_low"] > 0 or last["cluster_high"] < 0}
    personas = values[(values["condition"] == along) & (values["group"] == "persona")]
    models = mixed_models(personas, None, {}, study=False)
    for p in models.loc[models["term"] == "position", "p"]:
        yield {"contrast": "slope", "statistic": "mixed model", "positive": p <= ALPHA}


def _named(contrast: str, measure: str, between: str) -> str:
    if contrast != "baseline":
        return "condition" if contrast == between else contrast
    return "baseline, own" if measure.startswith(BOUND) else "baseline, shared"


def rates(study: Study, seeds: Iterable[int]) -> pd.DataFrame:
    """Return, for each contrast and statistic, the share of tests that found an effect, and its binomial bounds.

    `expected` is the rate in theory where everything is alike, `low` and `high` what the share stays within but once
    in a thousand; without `low` the statistic promises no more than `high`.
    """
    rows = pd.DataFrame([row for seed in seeds for row in found(replace(study, seed=seed))])
    counted = rows.groupby(["contrast", "statistic"])["positive"].agg(tests="size", positive="sum").reset_index()
    counted["rate"] = counted["positive"] / counted["tests"]
    keys = counted[["contrast", "statistic", "tests"]].to_numpy().tolist()
    bounds = [_bounds(contrast, statistic, tests, study) for contrast, statistic, tests in keys]
    table = pd.concat([counted, pd.DataFrame(bounds, columns=["expected", "low", "high"])], axis=1)
    return table.assign(within=table["rate"].between(table["low"].fillna(0.0), table["high"]))


def _bounds(contrast: str, statistic: str, tests: int, study: Study) -> tuple[float, float, float]:
    expected = expected_rate(contrast, statistic, study)
    low, high = stats.binom.ppf([CHANCE / 2, 1 - CHANCE / 2], tests, expected) / tests
    only_above = statistic in ("q", "clustered")
    return expected, float("nan") if only_above else low, high


def expected_rate(contrast: str, statistic: str, study: Study) -> float:
    """Return the rate in theory at a level of 5 %.

    - p: the level itself; over the seven models of a shared baseline 6 of the 128 choices of signs.
    - q: at most the level, since without any effect every finding is a false one.
    - percentile: its width is that of a normal distribution with the variance of the sample; means of n follow
      Student's t. Of a shared baseline it takes 56 pairs for independent that hang together by eight.
    - clustered: at most that of as many clusters as there are models.
    - mixed model: Wald's test is normal, the slope follows Student's t with rows - groups - 1 degrees of freedom.
    """
    n_models, n_personas = len(study.models), len(study.personas)
    pairs = n_models * n_personas
    if statistic == "p":
        return 6 / 128 if contrast == "baseline, shared" else ALPHA
    if statistic == "q":
        return ALPHA
    if statistic == "percentile":
        return _normal_for_t(pairs, pairs - 1)
    if statistic == "clustered":
        return _normal_for_t(n_models, n_models - 1)
    return float(2 * stats.t.sf(1.96, n_personas * len(study.checkpoints) - n_personas - 1))


def _normal_for_t(n: int, freedom: int) -> float:
    return float(2 * stats.t.sf(1.96 * ((n - 1) / n) ** 0.5, freedom))


def main() -> None:
    """Print the rates of each scenario."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--scenario", choices=SCENARIOS, help="default: each")
    arguments = parser.parse_args()
    for name in [arguments.scenario] if arguments.scenario else SCENARIOS:
        seeds = range(arguments.first, arguments.first + arguments.seeds)
        print(f"\n{name}, {arguments.seeds} seeds")
        print(
            rates(replace(SMALL, default=SCENARIOS[name]), seeds).round(4).to_string(index=False, na_rep="-"),
            flush=True,
        )


if __name__ == "__main__":
    main()
