"""How often reports claim an effect where none was planted: `python -m tests.synthetic.null --seeds 200`.

Every measure of every seed is drawn by itself, and of each line of positions the last is looked at, so that the tests
that are counted are independent and their number is binomial. The last line says how many rates are within their
bounds; the exit code is 1 unless all are.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
from scipy import stats

from personas.tables.by_model import by_model
from personas.tables.contrasts import contrasts
from personas.tables.mixed_models import mixed_models
from tests.synthetic.measured import measures, values_at_once, variances_at_once
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

P, OVER_ITEMS, CLAIMS, SLOPE, SIZE = "p", "p over items", "claims of a report", "slope", "by size"
SIZES = {f"model-{n}": {"size": size, "family": None} for n, size in enumerate((1, 1, 3, 4, 8, 8, 30), start=1)}

CHANCE = 1e-3
"""By chance alone, a bound is missed so often."""


def findings(study: Study) -> Iterator[dict[str, object]]:
    """Yield, for each statistic, contrast and measure of one grid, whether it says that there is an effect.

    Where each model has a slope of its own there is something to claim of single models: only claims of all count.
    """
    values, variances = values_at_once(study), variances_at_once(study)
    between, along = f"condition:{'-'.join(study.conditions)}", study.conditions[1]
    table = contrasts(values, variances, study.conditions)
    kept = (table["group"] == "persona") & (table["contrast"] == between)
    kept |= (table["group"] == "persona") & (table["contrast"] == "progression") & (table["condition"] == along)
    kept |= (table["contrast"] == "baseline") & (table["condition"] == along)
    for (measure, contrast), line in table[kept].groupby(["measure", "contrast"]):
        last, where = line.iloc[-1], {"contrast": _named(str(contrast), str(measure), between)}
        yield {**where, "statistic": P, "positive": last["p"] <= ALPHA}
        yield {**where, "statistic": OVER_ITEMS, "positive": last["items_p"] <= ALPHA}
    told: dict[str, Any] = {"conditions": study.conditions, "checkpoints": study.checkpoints}
    headline = [str(measure["measure"]) for measure in measures(study)]
    bars = by_model(values, variances, headline=headline, **told)
    claims = bars[bars["model"].isna()] if study.default.slope_of_models else bars
    yield {"contrast": "all", "statistic": CLAIMS, "positive": (claims["q"] <= ALPHA).any()}
    personas = values[(values["condition"] == along) & (values["group"] == "persona")]
    models = mixed_models(personas, None, SIZES, study=False)
    for family, statistic in (("length", SLOPE), ("length-by-size", SIZE)):
        rows = models[(models["family"] == family) & models["term"].isin(["position", "size"])]
        for p in rows["p"].dropna():
            yield {"contrast": "progression", "statistic": statistic, "positive": p <= ALPHA}


def _named(contrast: str, measure: str, between: str) -> str:
    if contrast != "baseline":
        return "condition" if contrast == between else contrast
    return "baseline, own" if measure.startswith(BOUND) else "baseline, shared"


def rates(study: Study, seeds: Iterable[int]) -> pd.DataFrame:
    """Return, for each contrast and statistic, the share of tests that found an effect, and its binomial bounds.

    `expected` is the rate in theory, `low` and `high` what the share stays within but once in a thousand; without
    `low` the statistic promises no more than `high`, without either it promises nothing for such a study.
    """
    rows = pd.DataFrame([row for seed in seeds for row in findings(replace(study, seed=seed))])
    counted = rows.groupby(["contrast", "statistic"])["positive"].agg(tests="size", positive="sum").reset_index()
    counted["rate"] = counted["positive"] / counted["tests"]
    keys = counted[["statistic", "tests"]].to_numpy().tolist()
    bounds = [_bounds(statistic, tests, study) for statistic, tests in keys]
    table = pd.concat([counted, pd.DataFrame(bounds, columns=["expected", "low", "high"])], axis=1)
    return table.assign(within=table["rate"].between(table["low"].fillna(0.0), table["high"].fillna(1.0)))


def _bounds(statistic: str, tests: int, study: Study) -> tuple[float, float, float]:
    """Return the expected rate and its bounds.

    - `p`, claims and sizes: at most the level; p over models and personas is less where these do not differ.
    - `p over items`: the level, where models and personas are as they are; of others it does not speak.
    - slope: Wald's test is normal, the slope follows Student's t with rows - groups - 1 degrees of freedom.
    """
    differ = study.default.slope_of_models > 0
    if statistic in (OVER_ITEMS, SLOPE) and differ:
        return float("nan"), float("nan"), float("nan")
    rows = len(study.personas) * len(study.checkpoints)
    expected = float(2 * stats.t.sf(1.96, rows - len(study.personas) - 1)) if statistic == SLOPE else ALPHA
    low, high = stats.binom.ppf([CHANCE / 2, 1 - CHANCE / 2], tests, expected) / tests
    return expected, low if statistic in (OVER_ITEMS, SLOPE) else float("nan"), high


def main() -> int:
    """Print the rates of each scenario; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--scenario", choices=SCENARIOS, help="default: each")
    arguments = parser.parse_args()
    within = []
    for name in [arguments.scenario] if arguments.scenario else SCENARIOS:
        seeds = range(arguments.first, arguments.first + arguments.seeds)
        found = rates(replace(SMALL, default=SCENARIOS[name]), seeds)
        within += found["within"].tolist()
        print(f"\n{name}, {arguments.seeds} seeds\n{found.round(4).to_string(index=False, na_rep='-')}", flush=True)
    print(f"\n{sum(within)} of {len(within)} rates are within their bounds")
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
