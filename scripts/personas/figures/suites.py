"""Which measures stand together: families (all of one benchmark and judge) and suites (the main ones of a judge)."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from personas.benchmarks.panel import RULES
from personas.config.root import Config
from personas.grid.grid import Grid
from personas.tables.measures import judges_of, main_measures, measures_of

Entry = dict[str, Any]
"""A measure as figures get to know it; the columns of `tables/measures`."""
_SHOWN = ("measure", "title", "unit", "scale", "better", "axis", "judge", "metric")


class Family(NamedTuple):
    """All measures of one benchmark and judge, or of a judge's ratings of utterances (no benchmark)."""

    name: str
    title: str
    benchmark: str | None
    measures: list[Entry]


class Suite(NamedTuple):
    """The main measures of all benchmarks, as one judge and the rules see them; titles say which benchmark."""

    name: str
    title: str
    measures: list[Entry]


def families(grid: Grid) -> list[Family]:
    """Return the families of what a grid measures, those without a measure left out."""
    config, measures = grid.study.config, measures_of(grid)
    candidates = [*_of_utterances(config, measures), *_of_benchmarks(config, measures)]
    return [family for family in candidates if family.measures]


def _of_utterances(config: Config, measures: Sequence[Any]) -> Iterator[Family]:
    for judge in config.judges:
        # Without the mean over metrics: it has a place in the suites.
        own = [_entry(m) for m in measures if m["axis"] == "round" and m["judge"] == judge and not m["of"]]
        yield Family(f"utterances-by-{judge}", f"utterances, judge {judge}", None, own)


def _of_benchmarks(config: Config, measures: Sequence[Any]) -> Iterator[Family]:
    for name in config.benchmarks:
        for judge in judges_of(config, name):
            of_judge = [m for m in measures if m["benchmark"] == name and m["judge"] in (judge, RULES, None)]
            suffix, by = (f"-by-{judge}", f", judge {judge}") if judge else ("", "")
            for figure in dict.fromkeys(m["figure"] for m in of_judge):
                entries = [_entry(m) for m in of_judge if m["figure"] == figure]
                stem, title = (f"{name}-{figure}", f"{name}, {figure}") if figure else (name, name)
                yield Family(stem + suffix, title + by, name, entries)


def suites(grid: Grid) -> list[Suite]:
    """Return one suite for each judge, or one of the rules where there is none."""
    config, measures = grid.study.config, measures_of(grid)
    judges: list[str | None] = [*config.judges]
    candidates = (
        Suite(
            f"by-{judge or 'rules'}",
            f"judge {judge}" if judge else "rules",
            [_with_benchmark(m) for m in main_measures(config, judge, measures)],
        )
        for judge in judges or [None]
    )
    return [suite for suite in candidates if suite.measures]


def _entry(measure: Any) -> Entry:
    return {key: measure[key] for key in _SHOWN}


def _with_benchmark(measure: Any) -> Entry:
    entry = _entry(measure)
    return entry | {"title": f"{measure['benchmark']}: {entry['title']}"} if measure["benchmark"] else entry


def pairs(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield prefix of a figure's name, contrast, and how it is written, of each two conditions."""
    for one, other in combinations(config.conditions, 2):
        yield f"{one}-minus-{other}", f"condition:{one}-{other}", f"{one} − {other}"


def is_long(config: Config) -> bool:
    """Tell whether items are asked at more than one place of a dialogue."""
    return len(config.checkpoints) > 1


def checkpoint_measures(config: Config, suite: Suite) -> list[Entry]:
    """Return the measures that persona and baseline have at checkpoints."""
    measures = with_baseline(suite.measures) if config.personas.baseline else []
    return [measure for measure in measures if measure["axis"] == "checkpoint"]


def with_baseline(measures: Sequence[Entry]) -> list[Entry]:
    """Leave out what the baseline does not have: the distance from itself, and wins against own answers."""
    own = ("-distance-from-baseline-by-", "-win-zero-by-", "-win-previous-by-")
    return [m for m in measures if not any(part in m["measure"] for part in own)]
