"""What is planted: a grid, and the expected share of every point of it."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

BASELINE = "baseline"
BOUND = ("role-specific", "general")
"""Kinds whose items belong to personas: the baseline answers those of each."""


@dataclass(frozen=True)
class Effect:
    """Effects on one metric, in shares (0..1); of ratings from 1 to 5 they are four times as large.

    `slope` is per round and of personas only, `cost` is persona minus baseline, `condition` the first condition minus
    the second, at all checkpoints but 0. The rest are standard deviations of random parts: of the level, and of the
    slope, of models and of personas. Levels of personas add up to 0 over them, so that they are no cost; a baseline
    that answers a persona's items shares its level.
    """

    level: float = 0.5
    slope: float = 0.0
    cost: float = 0.0
    condition: float = 0.0
    of_models: float = 0.0
    of_personas: float = 0.0
    slope_of_models: float = 0.0
    slope_of_personas: float = 0.0


@dataclass(frozen=True)
class Study:
    """The grid. `items` are those of each benchmark (of each persona, where they belong to personas)."""

    models: tuple[str, ...] = tuple(f"model-{n}" for n in range(1, 8))
    personas: tuple[str, ...] = tuple(f"persona-{n}" for n in range(1, 9))
    conditions: tuple[str, str] = ("persona-directed", "goal-oriented")
    checkpoints: tuple[int, ...] = (0, 11, 22, 34, 45, 56, 68, 79, 90, 102)
    rounds: int = 102
    orders: tuple[str, ...] = ("fixed", "shuffled")
    judge: str = "selene"
    items: dict[str, int] = field(
        default_factory=lambda: {"bfi": 44, "xstest": 450, "ifbench": 294, "role-specific": 200, "general": 290}
    )
    effects: dict[str, Effect] = field(default_factory=dict)
    default: Effect = Effect(of_models=0.06, of_personas=0.04)
    gaps: float = 0.0
    seed: int = 1

    def effect(self, name: str) -> Effect:
        """Return the effect on a metric; the benchmark's where it has none of its own."""
        return self.effects.get(name, self.effects.get(name.split("/", maxsplit=1)[0], self.default))

    def drawing(self, *what: str) -> np.random.Generator:
        """Return the generator of one thing; what else is drawn has no influence on it."""
        return np.random.default_rng([self.seed, *(byte for part in what for byte in (0, *part.encode()))])

    @cached_property
    def speakers(self) -> tuple[tuple[str, str | None], ...]:
        """Persona and reference persona, where the baseline has one row for all."""
        return (*((persona, None) for persona in self.personas), (BASELINE, None))

    @cached_property
    def bound_speakers(self) -> tuple[tuple[str, str | None], ...]:
        """The same where the baseline answers, or is judged, as each persona."""
        return (*((persona, None) for persona in self.personas), *((BASELINE, persona) for persona in self.personas))

    def shares(self, name: str, model: str, bound: bool, positions: tuple[int, ...]) -> np.ndarray:
        """Return the expected share of a metric: speakers x conditions x positions."""
        effect = self.effect(name)
        own = self.models.index(model)
        of_models = self.drawing(name, "models").normal(size=(2, len(self.models)))[:, own]
        of_personas = self.drawing(name, "personas").normal(size=(2, len(self.personas)))
        of_personas[0] -= of_personas[0].mean()
        speakers = self.bound_speakers if bound else self.speakers
        is_persona = np.array([persona != BASELINE for persona, _ in speakers])
        whose = [persona if persona != BASELINE else reference for persona, reference in speakers]
        has_level = np.array([who is not None for who in whose])
        which = [self.personas.index(who) if who else 0 for who in whose]
        level = effect.level + effect.of_models * of_models[0] + is_persona * effect.cost
        level = level + has_level * effect.of_personas * of_personas[0, which]
        slope = (
            effect.slope + effect.slope_of_models * of_models[1] + effect.slope_of_personas * of_personas[1, which]
        )
        at = np.array(positions)
        along = (is_persona * slope)[:, None, None] * at
        between = np.array([effect.condition, 0.0])[:, None] * (at > 0)
        clipped: np.ndarray = np.clip(level[:, None, None] + along + between, 0.02, 0.98)
        return clipped
