"""How long answers are and how fast they come: measured where runs exist, stated defaults elsewhere."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from personas.config.machine import Machine
from personas.config.models import ModelSection
from personas.engines.request import CHARACTERS_PER_MESSAGE, TOKENS_PER_CHARACTER
from personas.plan.outcome import Measurement, Outcome

COMPLETION_TOKENS = 250
"""Stated default: tokens of an answer, unless `max_tokens` or the form of a verdict allows fewer."""

_SYSTEM_PROMPT, _TURN = 200, 50
"""Tokens of a system prompt and of a user turn, where a speed is stated for so many rounds before."""


class Rate(NamedTuple):
    """A figure, and whether it was measured in earlier runs."""

    value: float
    measured: bool


def least_seconds(model: ModelSection, requests: float, tokens: float) -> float:
    """Return the seconds that the limits of a model spread requests over, with all tokens of theirs."""
    limits = model.limited_by
    amounts = (requests, limits.requests_per_minute), (tokens, limits.tokens_per_minute)
    return max(60 * amount / limit if limit else 0.0 for amount, limit in amounts)


@dataclass(frozen=True)
class Rates:
    """Rates from the outcomes of earlier batches."""

    outcomes: tuple[Outcome, ...] = ()
    machine: Machine = field(default_factory=Machine)

    @classmethod
    def of(cls, outcomes: Iterable[Outcome], machine: Machine | None = None) -> "Rates":
        """Keep the outcomes of batches that asked an engine something; what is stated is stated for `machine`."""
        return cls(tuple(outcome for outcome in outcomes if outcome.measured), machine or Machine())

    @cached_property
    def _stated_speeds(self) -> dict[tuple[str, int], float]:
        """Stated speeds by slug and rounds before, as far as somebody asked: for some, files are read."""
        return {}

    def completion_tokens(self, slug: str, what: str, max_tokens: int, most: float = COMPLETION_TOKENS) -> Rate:
        """Return tokens per answer of a model to `what` with that longest answer.

        Measured for this model, else for other models, else the stated default, but `most` at most.
        """
        for key in ((slug, what, max_tokens), (None, what, max_tokens)):
            tokens, requests = self._answers.get(key, (0, 0))
            if requests:
                return Rate(tokens / requests, True)
        return Rate(min(max_tokens, COMPLETION_TOKENS, most), False)

    def tokens_per_character(self, slug: str) -> Rate:
        """Return prompt tokens of a model per character, `CHARACTERS_PER_MESSAGE` counted for every message."""
        tokens, characters = self._prompts.get(slug, (0, 0))
        return Rate(tokens / characters, True) if tokens else Rate(TOKENS_PER_CHARACTER, False)

    def tokens_per_second(self, slug: str, model: ModelSection, before: int) -> Rate:
        """Return completion tokens a second of engine time behind `before` rounds.

        Measured at the nearest number of rounds for this model, else for another on the same kind of engine, else the
        stated default.
        """
        of_engine = {} if model.speed_is_its_own else self._speeds.get(f"engine {getattr(model, 'engine', '')}")
        for speeds in (self._speeds.get(slug), of_engine):
            if speeds:
                return Rate(speeds[min(speeds, key=lambda t: abs(t - before))], True)
        if (slug, before) not in self._stated_speeds:
            answer = min(model.sampling.max_tokens, COMPLETION_TOKENS)
            context = _SYSTEM_PROMPT + (before + 0.5) * (_TURN + answer)
            self._stated_speeds[slug, before] = model.stated_speed(self.machine, context)
        return Rate(self._stated_speeds[slug, before], False)

    def start_seconds(self, slug: str, model: ModelSection) -> Rate:
        """Return the seconds until the engine of a model is ready."""
        seconds = [o.start_seconds for o in self.outcomes if o.model == slug and o.start_seconds]
        return Rate(sum(seconds) / len(seconds), True) if seconds else Rate(model.needs.start_seconds, False)

    @cached_property
    def _answers(self) -> dict[tuple[str | None, str, int], tuple[int, int]]:
        """(model or None for all, what, max_tokens) -> (completion tokens, requests)."""
        sums: dict[tuple[str | None, str, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for outcome, row in self._rows:
            for slug in (row.by or outcome.model, None):
                tokens, requests = sums[slug, row.what, row.max_tokens]
                sums[slug, row.what, row.max_tokens] = (tokens + row.completion_tokens, requests + row.requests)
        return dict(sums)

    @cached_property
    def _prompts(self) -> dict[str, tuple[int, int]]:
        sums: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for outcome, row in self._rows:
            slug = row.by or outcome.model
            tokens, characters = sums[slug]
            length = row.characters + CHARACTERS_PER_MESSAGE * row.messages
            sums[slug] = (tokens + row.prompt_tokens, characters + length)
        return dict(sums)

    @cached_property
    def _speeds(self) -> dict[str, dict[int, float]]:
        """Model slug, or `engine KIND` -> rounds before -> completion tokens a second of engine time."""
        tokens: dict[tuple[str, int], float] = defaultdict(float)
        seconds: dict[tuple[str, int], float] = defaultdict(float)
        for outcome in self.outcomes:
            for row, took in _shares(outcome):
                for owner in (row.by,) if row.by else (outcome.model, f"engine {outcome.engine}"):
                    tokens[owner, row.before] += row.completion_tokens
                    seconds[owner, row.before] += took
        speeds: dict[str, dict[int, float]] = defaultdict(dict)
        for (owner, before), took in seconds.items():
            if took > 0 and tokens[owner, before] > 0:
                speeds[owner][before] = tokens[owner, before] / took
        return dict(speeds)

    @property
    def _rows(self) -> Iterable[tuple[Outcome, Measurement]]:
        return ((outcome, row) for outcome in self.outcomes for row in outcome.measured)


def _shares(outcome: Outcome) -> Iterable[tuple[Measurement, float]]:
    """Share the engine time of a batch out among its kinds of requests, by how long these took."""
    busy = outcome.engine_seconds - outcome.start_seconds
    took = sum(row.seconds for row in outcome.measured)
    return ((row, busy * row.seconds / took) for row in outcome.measured) if took else ()
