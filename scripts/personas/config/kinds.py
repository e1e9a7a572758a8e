"""The kinds of benchmarks. Each is declared by a module of `personas.benchmarks`, which is asked for by its name.

The config stands above the benchmarks and imports none of them, so that one more kind is one more module there.
"""

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

UTTERANCES = "utterances"
"""What the ratings table of a model's dialogues is called, in the place of a benchmark."""


class Kind(Protocol):
    """What the config knows of a kind: the metric that a judge gives its answers, whether it compares two, and
    whether the config may name a rubric.
    """

    judged: str | None
    pairwise: bool
    takes_rubric: bool


@cache
def kinds() -> Mapping[str, Kind]:
    """Return every kind by its name."""
    benchmarks: Mapping[str, Kind] = importlib.import_module("personas.benchmarks").BENCHMARKS
    return benchmarks


def is_pairwise(kind: str) -> bool:
    """Tell whether a judge compares the responses of a kind with a reference."""
    return kinds()[kind].pairwise


def judged_as(rubric: str) -> str:
    """Return the metric that a judgement by a rubric gives: that of a kind of benchmark, or the rubric's own name."""
    kind = kinds().get(rubric)
    return (kind.judged if kind else None) or rubric


def taken_names() -> set[str]:
    """Return names of other metrics and stages, which no metric of utterances can have."""
    metrics = {kind.judged for kind in kinds().values() if kind.judged}
    return {*kinds(), *metrics, "words", "follows-order", "dialogues", UTTERANCES}


def list_kinds(schema: dict[str, Any]) -> None:
    """Name the kinds in the JSON schema of a field."""
    schema["anyOf"][0]["enum"] = list(kinds())
