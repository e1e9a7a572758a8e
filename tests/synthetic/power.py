"""Predicted against simulated power, at twenty sizes of study: `python -m tests.synthetic.power`.

Differences of answers are drawn with known spreads and a known mean, and estimated as `tables/contrasts` does; power
is how often the interval leaves out 0. A row is within its bounds where prediction and simulation are at most five
points apart, beside what chance does to a simulation of that length. The exit code is 1 unless all are.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from personas.stats.intervals import ITEMS, MODELS, PERSONAS, estimate
from personas.stats.items import of_items
from personas.stats.power import STATED, Size, Spread, detectable, power, units_over

APART = 0.05
CHANCE = 3.0
"""Standard errors of a simulated rate that are put down to chance."""

_SHARE, _RATING = STATED["share"], STATED["rating"]
_ALIKE = Spread(0.0, 0.0, 0.0, 0.0, 0.5)


@dataclass(frozen=True)
class Grid:
    """A size, its spread, and the share of the smallest detectable difference that is true."""

    name: str
    size: Size
    spread: Spread
    share: float = 1.0


GRIDS = (
    Grid("the study's, 7 x 8, 100 items", Size(7, 8, 100), _SHARE),
    Grid("7 x 8, half of it true", Size(7, 8, 100), _SHARE, 0.5),
    Grid("7 x 8, 450 items", Size(7, 8, 450), _SHARE),
    Grid("7 x 8, 20 items", Size(7, 8, 20), _SHARE),
    Grid("7 x 8, 20 items of each persona's own", Size(7, 8, 20, nested=True), _SHARE),
    Grid("7 x 8, ratings of rounds", Size(7, 8, 0), _RATING),
    Grid("7 x 8, nothing differs but answers", Size(7, 8, 100), _ALIKE),
    Grid("7 x 8, pairs differ", Size(7, 8, 100), replace(_ALIKE, pairs=0.05)),
    Grid("7 x 8, models differ", Size(7, 8, 100), replace(_ALIKE, models=0.1)),
    Grid("5 x 12, 60 items, 3 replicates", Size(5, 12, 60, 3), _SHARE),
    Grid("4 x 4, 30 items that differ much", Size(4, 4, 30), replace(_SHARE, items=0.3)),
    Grid("3 x 3, 10 items, nothing differs", Size(3, 3, 10), _ALIKE),
    Grid("3 x 5, 40 items", Size(3, 5, 40), _SHARE, 0.7),
    Grid("7 x 1", Size(7, 1, 100), _SHARE),
    Grid("1 x 8", Size(1, 8, 100), _SHARE),
    Grid("1 x 8, items of each persona's own", Size(1, 8, 20, nested=True), _SHARE),
    Grid("1 x 8, ratings of rounds", Size(1, 8, 0), _RATING),
    Grid("1 x 3", Size(1, 3, 100), _SHARE),
    Grid("2 x 2, over items", Size(2, 2, 50), _SHARE),
    Grid("1 x 1, over items", Size(1, 1, 200), _SHARE, 0.6),
)


def draw(effect: float, grid: Grid, drawing: np.random.Generator) -> np.ndarray:
    """Return differences of answers, models x personas x items; of units that no claim is over, these very ones."""
    size, over = grid.size, units_over(grid.size)
    kept = {MODELS: grid.spread.models, PERSONAS: grid.spread.personas, ITEMS: grid.spread.items}
    own = {unit: spread if unit in over else 0.0 for unit, spread in kept.items()}
    pairs = grid.spread.pairs if MODELS in over or PERSONAS in over else 0.0
    shape = (size.models, size.personas, max(size.items, 1))
    change = effect + own[MODELS] * drawing.normal(size=(shape[0], 1, 1))
    change = change + own[PERSONAS] * drawing.normal(size=(1, shape[1], 1))
    change = change + pairs * drawing.normal(size=(*shape[:2], 1))
    change = change + own[ITEMS] * drawing.normal(size=(1, shape[1] if size.nested else 1, shape[2]))
    answers: np.ndarray = change + grid.spread.answers / size.replicates**0.5 * drawing.normal(size=shape)
    return answers


def _spread_out(answers: np.ndarray) -> np.ndarray:
    """Return the answers of personas with items of their own, each item at a place of its own."""
    models, personas, items = answers.shape
    placed = np.full((models, personas, personas * items), np.nan)
    for persona in range(personas):
        placed[:, persona, persona * items : (persona + 1) * items] = answers[:, persona]
    return placed


def simulated(grid: Grid, effect: float, simulations: int, seed: int) -> float:
    """Return how often the interval leaves out 0."""
    drawing, found = np.random.default_rng([seed, *grid.name.encode()]), 0
    for _ in range(simulations):
        answers = draw(effect, grid, drawing)
        items = of_items(_spread_out(answers) if grid.size.nested else answers) if grid.size.items else None
        told = estimate(answers.mean(axis=2), items=items)
        found += told.low > 0 or told.high < 0
    return found / simulations


def table(simulations: int, seed: int = 1, grids: Sequence[Grid] = GRIDS) -> pd.DataFrame:
    """Return predicted and simulated power of grids, and whether they agree."""

    def row(grid: Grid) -> dict[str, Any]:
        smallest = detectable(grid.spread, grid.size)
        effect = grid.share * smallest
        predicted = power(effect, grid.spread, grid.size)
        found = simulated(grid, effect, simulations, seed)
        chance = CHANCE * (predicted * (1 - predicted) / simulations) ** 0.5
        return {
            "grid": grid.name,
            "over": ", ".join(units_over(grid.size)),
            "smallest": smallest,
            "effect": effect,
            "predicted": predicted,
            "simulated": found,
            "within": abs(found - predicted) <= APART + chance,
        }

    return pd.DataFrame([row(grid) for grid in grids])


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    found = table(arguments.simulations, arguments.seed)
    print(found.round(3).to_string(index=False))
    apart = (found["predicted"] - found["simulated"]).abs()
    print(f"\n{found['within'].sum()} of {len(found)} rows are within their bounds; at most {apart.max():.3f} apart")
    return 0 if found["within"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
