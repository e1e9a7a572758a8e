"""How often intervals hold the truth, at the sizes people use: `python -m tests.synthetic.coverage`.

Answers are right or wrong, of items that differ in how hard they are; models, personas and items may each change by
an amount of their own from the first checkpoint to the last, 0 on average. The difference of the two is estimated as
`tables/contrasts` does, and, for comparison, as the percentile bootstrap over (model, persona) pairs does. The last
line says how many rows are within their bounds; the exit code is 1 unless all are.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from personas.stats.intervals import ITEMS, Estimate, estimate
from personas.stats.items import of_items

CHANCE = 1e-3
"""By chance alone, a bound is missed so often."""

RESAMPLES = 500

EFFECTS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Mean changes that are planted for power: in standard deviations of what decides an answer."""

LEVEL = 0.93
"""Least coverage with which an interval of 95 % held its level."""


@dataclass(frozen=True)
class Scenario:
    """A grid and what differs in it: standard deviations of the change of models, personas, pairs and items.

    `baseline`: the first side of the difference is one answer for all personas of a model. `promised`: the least and
    the most coverage in theory; where units do not differ the interval over them is wide, and promises no most.
    """

    name: str
    models: int
    personas: int
    of_models: float = 0.0
    of_personas: float = 0.0
    of_pairs: float = 0.0
    of_items: float = 0.0
    items: int = 100
    baseline: bool = False
    generalise: tuple[str, ...] = ("models", "personas", "items")
    promised: tuple[float, float] = (0.93, 0.97)

    def draw(self, drawing: np.random.Generator, effect: float = 0.0) -> np.ndarray:
        """Return differences of answers: models x personas x items; `effect` is the mean change."""
        shape = (self.models, self.personas, self.items)
        hardness = drawing.normal(size=(1, 1, self.items))
        change = effect + self.of_models * drawing.normal(size=(self.models, 1, 1))
        change = change + self.of_personas * drawing.normal(size=(1, self.personas, 1))
        change = change + self.of_pairs * drawing.normal(size=(self.models, self.personas, 1))
        change = change + self.of_items * drawing.normal(size=(1, 1, self.items))
        before = (self.models, 1, self.items) if self.baseline else shape
        # Half of the change to either side, so that none is expected on average, whatever the hardness.
        first = drawing.normal(size=before) + hardness - (0 if self.baseline else change / 2) > 0
        last = drawing.normal(size=shape) + hardness + (change if self.baseline else change / 2) > 0
        return last.astype(float) - first


WIDE = (0.93, 1.0)
SCENARIOS = (
    Scenario("7 x 8, models and personas differ", 7, 8, of_models=0.3, of_personas=0.3),
    Scenario("7 x 8, models differ", 7, 8, of_models=0.3),
    Scenario("7 x 8, personas differ", 7, 8, of_personas=0.3),
    Scenario("7 x 8, pairs differ", 7, 8, of_pairs=0.3, promised=WIDE),
    Scenario("7 x 8, nothing differs", 7, 8, promised=WIDE),
    Scenario("7 x 8, items differ", 7, 8, of_items=0.6),
    Scenario("7 x 8, all differ", 7, 8, of_models=0.3, of_personas=0.3, of_items=0.6),
    Scenario("7 x 8, shared baseline", 7, 8, baseline=True, promised=WIDE),
    Scenario("7 x 8, shared baseline, models differ", 7, 8, of_models=0.3, baseline=True),
    Scenario("1 x 8, personas differ", 1, 8, of_personas=0.3),
    Scenario("1 x 8, items differ", 1, 8, of_items=0.6),
    Scenario("1 x 8, shared baseline", 1, 8, baseline=True, promised=WIDE),
    Scenario("1 x 3, personas differ", 1, 3, of_personas=0.3),
    Scenario("1 x 3, nothing differs", 1, 3, promised=WIDE),
    Scenario("1 x 2, over items", 1, 2, of_items=0.6),
    Scenario("2 x 2, over items", 2, 2, of_items=0.6),
    Scenario("1 x 1, over items", 1, 1),
    Scenario("7 x 8, these models and personas", 7, 8, of_items=0.6, generalise=(ITEMS,)),
)


def coverage(scenario: Scenario, simulations: int, seed: int) -> dict[str, Any]:
    """Return how often intervals of a scenario hold 0, their median width, and whether this is within its bounds."""
    drawing = np.random.default_rng([seed, *scenario.name.encode()])
    ours, before = zip(*(_both(scenario, drawing) for _ in range(simulations)), strict=True)
    told = [found for found in ours if np.isfinite(found.low)]
    rate = float(np.mean([found.low <= 0 <= found.high for found in told]))
    low, high = scenario.promised
    least = stats.binom.ppf(CHANCE, len(told), low) / len(told)
    most = stats.binom.ppf(1 - CHANCE, len(told), high) / len(told)
    return {
        "scenario": scenario.name,
        "percentile": float(np.mean([low <= 0 <= low + width for low, width in before])),
        "none": 1 - len(told) / simulations,
        "coverage": rate,
        "promised": f"{low:.2f} to {high:.2f}",
        "width": float(np.median([found.high - found.low for found in told])),
        "of percentile": float(np.median([width for _, width in before])),
        "over": told[0].over,
        "within": bool(least <= rate <= most),
    }


def power(scenario: Scenario, simulations: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield, for each of `EFFECTS`, how often intervals lie above 0: the percentile bootstrap's, ours, and ours over
    items alone, which `tables/contrasts` has beside it.

    `lost` is what ours has less than the percentile bootstrap, in points, where that held its level.
    """
    before = coverage(scenario, simulations, seed)["percentile"]
    alone = replace(scenario, generalise=(ITEMS,))
    for effect in EFFECTS:
        drawings = [np.random.default_rng([seed, *scenario.name.encode()]) for _ in range(2)]
        ours, percentile = zip(*(_both(scenario, drawings[0], effect) for _ in range(simulations)), strict=True)
        items = [_both(alone, drawings[1], effect)[0] for _ in range(simulations)]
        found = {
            "percentile": np.mean([low > 0 for low, _ in percentile]),
            "ours": np.mean([each.low > 0 for each in ours]),
            "over items": np.mean([each.low > 0 for each in items]),
        }
        lost = 100 * (found["percentile"] - found["ours"]) if before >= LEVEL else np.nan
        yield {"scenario": scenario.name, "change": np.mean([each.mean for each in ours]), **found, "lost": lost}


def _both(
    scenario: Scenario, drawing: np.random.Generator, effect: float = 0.0
) -> tuple[Estimate, tuple[float, float]]:
    """Return our estimate, and low end and width of the percentile interval."""
    answers = scenario.draw(drawing, effect)
    cells = answers.mean(axis=2)
    found = estimate(cells, generalise=scenario.generalise, items=of_items(answers))
    low, high = _percentile(cells.ravel(), drawing)
    return found, (low, high - low)


def _percentile(pairs: np.ndarray, drawing: np.random.Generator) -> tuple[float, float]:
    """Return the percentile bootstrap interval over pairs, as if they were independent: what is published."""
    means = pairs[drawing.integers(0, pairs.size, size=(RESAMPLES, pairs.size))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def table(simulations: int, seed: int = 1, scenarios: Sequence[Scenario] = SCENARIOS) -> pd.DataFrame:
    """Return `coverage` of scenarios."""

    def rows() -> Iterator[dict[str, Any]]:
        yield from (coverage(scenario, simulations, seed) for scenario in scenarios)

    return pd.DataFrame(rows())


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power", action="store_true", help="how often a planted change is found instead")
    arguments = parser.parse_args()
    if arguments.power:
        rows = [row for scenario in SCENARIOS for row in power(scenario, arguments.simulations, arguments.seed)]
        curves = pd.DataFrame(rows)
        print(curves.round(3).to_string(index=False))
        print(f"\nlost where the percentile bootstrap held its level: at most {curves['lost'].max():.0f} points")
        return 0
    found = table(arguments.simulations, arguments.seed)
    print(found.round(3).to_string(index=False))
    print(f"\n{found['within'].sum()} of {len(found)} rows are within their bounds")
    return 0 if found["within"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
