"""Whether strength without a judge tells what was planted: `python -m tests.synthetic.strength --seeds 100`.

Answers are words at random. An answer of a persona is in its voice with a known chance at each checkpoint, and else
like one of the baseline, so that the truth is known: with a chance of s the area is (1 + s) / 2, and among n personas
s + (1 - s) / n are named rightly. A shift of style has no such formula; its truth is its value in very many items.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from personas.scoring.strength.identification import identify
from personas.scoring.strength.style import styles
from personas.tables.strength.draws import rows_of
from personas.tables.strength.identification import AUC, identification
from personas.tables.strength.style import DISTANCE, style_distance

_FUNCTION, _OTHER, _OWN = ("the", "a", "and", "of", "you", "is", "to", "it"), 300, 30
"""Function words and how many other words everybody says, and how many words each persona has of its own."""
_WORDS, _SIGNS = 30, 8
"""Words of an answer, and of these, in a persona's voice, its own."""


@dataclass(frozen=True)
class Planted:
    """A model whose personas fade: `voice` is the chance of an answer in their voice at each checkpoint.

    `loud` is the chance, at each checkpoint, that an answer of a persona is shouted. That moves its style, and there
    is no formula for what a classifier makes of the marks.
    """

    voice: Mapping[int, float]
    loud: Mapping[int, float] = field(default_factory=dict)
    items: int = 60
    personas: tuple[str, ...] = ("p1", "p2", "p3", "p4")

    @property
    def last(self) -> int:
        """The last checkpoint."""
        return max(self.voice)

    def truth(self, measure: str, checkpoint: int) -> float:
        """Return the value of a measure, the mean over personas."""
        if measure == DISTANCE:
            return _distance_in_many(tuple(self.voice.items()), tuple(self.loud.items()), checkpoint)
        chance = 0.5 if measure == AUC else 1 / len(self.personas)
        return chance + self.voice[checkpoint] * (1 - chance)


SCENARIOS = {
    "fading": Planted({0: 1.0, 8: 0.3}),
    "shouting": Planted({0: 0.0, 8: 0.0}, loud={0: 0.1, 8: 0.6}),
    "steady": Planted({0: 0.7, 8: 0.7}),
    "no persona": Planted({0: 0.0, 8: 0.0}),
}
NULLS = ("steady", "no persona")
"""Those in which nothing changes; in the last one there is nothing to tell either."""


def answers(planted: Planted, seed: int) -> pd.DataFrame:
    """Return drawn answers, as `personas.scoring.strength.answers.read_answers` does."""
    drawing = np.random.default_rng(seed)
    rows = [
        ("baseline" if persona is None else "persona", persona, str(item), at, _said(planted, persona, at, drawing))
        for at in planted.voice
        for persona in (None, *planted.personas)
        for item in range(planted.items)
    ]
    table = pd.DataFrame(rows, columns=["group", "persona", "item_id", "checkpoint", "text"])
    return table.assign(condition="talk", order="fixed", replicate=1, benchmark="open")


def _said(planted: Planted, persona: str | None, at: int, drawing: np.random.Generator) -> str:
    words = [*drawing.choice(_FUNCTION, 10), *(f"word{n}" for n in drawing.integers(_OTHER, size=_WORDS - 10))]
    if persona and drawing.random() < planted.voice[at]:
        words[-_SIGNS:] = [f"{persona}sign{n}" for n in drawing.integers(_OWN, size=_SIGNS)]
    loud = persona and drawing.random() < planted.loud.get(at, 0.0)
    drawing.shuffle(words)
    return " ".join(words) + ("!" if loud else ".")


def measured(planted: Planted, seed: int, resamples: int = 500) -> pd.DataFrame:
    """Return the mean over personas at the last checkpoint, a row for each measure, by its name."""
    drawn, drawing = answers(planted, seed), {"resamples": resamples, "seed": seed}
    scores, _ = identify(drawn, planted.personas, 0, "model")
    told = identification(scores, len(planted.personas), 0, **drawing)
    moved = style_distance(styles(drawn, "model"), 0, **drawing)
    table = rows_of([*told, *moved], "model")
    last = table[(table["checkpoint"] == planted.last) & table["persona"].isna() & (table["group"] == "persona")]
    return last.set_index("measure")


@cache
def _distance_in_many(voice: tuple[tuple[int, float], ...], loud: tuple[tuple[int, float], ...], at: int) -> float:
    many = Planted(dict(voice), dict(loud), items=1500)
    table = rows_of(style_distance(styles(answers(many, 0), "model"), 0, resamples=1, seed=0), "model")
    rows = table[(table["checkpoint"] == at) & table["persona"].isna() & (table["group"] == "persona")]
    return float(rows["mean"].iloc[0])


def verdicts(name: str, seed: int) -> Iterator[dict[str, object]]:
    """Yield for each measure whether its interval holds what was planted, and whether it says a change."""
    planted = SCENARIOS[name]
    for measure, row in measured(planted, seed).iterrows():
        if planted.loud and measure != DISTANCE:
            continue
        level = planted.truth(str(measure), planted.last)
        change = level - (0.0 if measure == DISTANCE else planted.truth(str(measure), 0))
        if name in NULLS:
            change = 0.0
        yield {
            "scenario": name,
            "measure": measure,
            "level is right": row["low"] <= level <= row["high"],
            "change is right": row["change_low"] <= change <= row["change_high"],
            "says a change": not row["change_low"] <= 0 <= row["change_high"],
            "mean change": row["change"],
            "planted change": change,
        }


def rates(seeds: Iterable[int], names: Iterable[str] = tuple(SCENARIOS)) -> pd.DataFrame:
    """Return by scenario and measure the share of seeds with each verdict, the mean change and the planted one."""
    rows = pd.DataFrame([row for name in names for seed in seeds for row in verdicts(name, seed)])
    return rows.groupby(["scenario", "measure"], sort=False).mean().reset_index()


def main() -> None:
    """Print the rates of each scenario."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--scenario", choices=SCENARIOS, help="default: each")
    arguments = parser.parse_args()
    names = [arguments.scenario] if arguments.scenario else list(SCENARIOS)
    for name in names:
        seeds = range(arguments.first, arguments.first + arguments.seeds)
        print(rates(seeds, [name]).round(3).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
