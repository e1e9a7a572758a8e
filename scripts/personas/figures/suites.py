"""Which measures stand together: families (all of one benchmark and judge) and suites (the main ones of a judge)."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from personas.config.root import PAIRWISE, Config
from personas.plan.declaration import Known

Entry = dict[str, Any]
"""A measure as figures get to know it; the columns of `tables/measures`."""
_SHOWN = ("measure", "title", "unit", "scale", "better", "axis")


class Family(NamedTuple):
    """All measures of one benchmark and judge, or of a judge's ratings of utterances (no benchmark)."""

    name: str
    benchmark: str | None
    measures: list[Entry]


class Suite(NamedTuple):
    """The main measures of all benchmarks, as one judge and the rules see them; titles say which benchmark."""

    name: str
    measures: list[Entry]


def families(config: Config, measures: Sequence[Any]) -> list[Family]:
    """Return the families of the measures (of `tables/values`), those without a measure left out."""
    found = [*_of_utterances(config, measures), *_of_benchmarks(config, measures)]
    return [family for family in found if family.measures]


def _of_utterances(config: Config, measures: Sequence[Any]) -> Iterator[Family]:
    for judge in config.judges:
        # Without the mean over metrics: it has a place in the suites.
        own = [_entry(m) for m in measures if m["axis"] == "round" and m["judge"] == judge and not m["of"]]
        yield Family(f"utterances-by-{judge}", None, own)


def _of_benchmarks(config: Config, measures: Sequence[Any]) -> Iterator[Family]:
    for name in config.benchmarks:
        judges: list[str | None] = [slug for slug in config.judges if name in config.judged_benchmarks(slug)]
        for judge in judges or [None]:
            own = [m for m in measures if m["benchmark"] == name and m["judge"] in (judge, "rules", None)]
            far = [_entry(m) for m in own if "-distance-from-" in m["measure"]]
            rest = [_entry(m) for m in own if "-distance-from-" not in m["measure"]]
            suffix = f"-by-{judge}" if judge else ""
            yield Family(f"{name}{suffix}", name, rest)
            yield Family(f"{name}-distance{suffix}", name, far)


def suites(config: Config, measures: Sequence[Any]) -> list[Suite]:
    """Return one suite for each judge, or one of the rules where there is none."""
    by_slug = {m["measure"]: m for m in measures}
    found = []
    judges: list[str | None] = [*config.judges]
    for judge in judges or [None]:
        chosen = [by_slug[slug] for slug in _main(config, judge, set(by_slug)) if slug in by_slug]
        found.append(Suite(f"by-{judge}" if judge else "by-rules", [_named(m) for m in chosen]))
    return [suite for suite in found if suite.measures]


def _main(config: Config, judge: str | None, known: set[str]) -> Iterator[str]:
    """Yield the slugs of the main measures: of utterances, then of each benchmark; rules where no judge rates."""
    yield f"utterances-by-{judge}"
    for name in config.benchmarks:
        kind = config.kind_of(name)
        if kind == "bfi":
            far = [f"{name}-distance-from-{what}-by-{judge}" for what in ("labels", "baseline")]
            yield from [slug for slug in far if slug in known][:1]
        elif kind in PAIRWISE:
            references = config.judges[judge].references if judge else ()
            yield from (f"{name}-win-{reference}-by-{judge}" for reference in references[:1])
        elif kind == "ifbench":
            yield f"{name}-loose-by-rules"
        elif kind == "xstest":
            for label in ("unsafe", "safe"):
                slugs = (f"{name}-refusal-{label}-by-{judge}", f"{name}-refusal-{label}-by-rules")
                yield slugs[0] if slugs[0] in known else slugs[1]


def _entry(measure: Any) -> Entry:
    return {key: measure[key] for key in _SHOWN}


def _named(measure: Any) -> Entry:
    entry = _entry(measure)
    return entry | {"title": f"{measure['benchmark']}: {entry['title']}"} if measure["benchmark"] else entry


def measures_of_values(known: Known) -> Sequence[Any]:
    """Return the measures of the table of values; none where the grid has no such table."""
    values = known.one("values")
    return values.spec["measures"] if values else []


def pairs(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield prefix of a figure's name, contrast, and how it is written, of each two conditions."""
    for one, other in combinations(config.conditions, 2):
        yield f"{one}-minus-{other}", f"condition:{one}-{other}", f"{one} − {other}"


def is_long(config: Config) -> bool:
    """Tell whether items are asked at more than one place of a dialogue."""
    return len(config.checkpoints) > 1


def compared(config: Config, suite: Suite) -> list[Entry]:
    """Return the measures that persona and baseline have at checkpoints."""
    found = with_baseline(suite.measures) if config.personas.baseline else []
    return [measure for measure in found if measure["axis"] == "checkpoint"]


def with_baseline(measures: Sequence[Entry]) -> list[Entry]:
    """Leave out what the baseline does not have: the distance from itself, and wins against own answers."""
    own = ("-distance-from-baseline-by-", "-win-zero-by-", "-win-previous-by-")
    return [m for m in measures if not any(part in m["measure"] for part in own)]
