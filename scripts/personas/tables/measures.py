"""What a grid measures, and the table of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from personas.benchmarks.panel import RULES, Panel
from personas.config.root import Config
from personas.core.errors import UserError
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.measures import Measure, measures_table, of_panel, of_rubric, of_utterances, with_places
from personas.stats.panels import measured_panels
from personas.tables.table import table

PATTERNS = "persona-patterns"
"""How often a persona's token patterns occur: a measure that is in no table of values."""


def measures(config: Config, yes_no: Mapping[str, Collection[str]] | None = None) -> list[Measure]:
    """Return what the grid of a config measures: ratings of utterances first, then benchmark by benchmark.

    `yes_no` tells by which rubrics a judge answers with yes or no.
    """
    judges = [(slug, judge.utterances, (yes_no or {}).get(slug, ())) for slug, judge in config.judges.items()]
    utterances = [measure for arguments in judges for measure in of_utterances(*arguments)]
    return with_places(
        [*utterances, *(m for name in config.benchmarks for m in _of_benchmark(config, name, yes_no or {}))]
    )


def _of_benchmark(config: Config, name: str, yes_no: Mapping[str, Collection[str]]) -> Iterator[Measure]:
    for judge in judges_of(config, name):
        yield from map(of_panel, panels_of(config, name, judge, yes_no))


def panels_of(
    config: Config, benchmark: str, judge: str | None, yes_no: Mapping[str, Collection[str]]
) -> tuple[Panel, ...]:
    """Return all that is measured of a benchmark as a judge sees it, or as the rules do where there is none."""
    section, kind = config.benchmarks[benchmark], config.kind_of(benchmark)
    labels = section.label_set if section.labels is not None else None
    if judge is None:
        return measured_panels(benchmark, kind, labels=labels)
    references, pairs = config.judges[judge].references, config.judges[judge].pairs
    panels = measured_panels(benchmark, kind, judge, references, pairs == "both", labels)
    if section.rubric is None:
        return panels
    panel = of_rubric(section.rubric, judge, section.rubric in yes_no.get(judge, ()))
    return (replace(panel, slug=f"{benchmark}-{panel.slug}", benchmark=benchmark, main=section.rubric), *panels)


def judges_of(config: Config, benchmark: str) -> list[str] | list[None]:
    """Return the judges that rate a benchmark; None for the rules alone where no judge does."""
    return [slug for slug in config.judges if benchmark in config.judged_benchmarks(slug)] or [None]


def measures_of(grid: Grid) -> list[Measure]:
    """Return what a grid measures, each with its place."""
    return measures(grid.study.config, grid.study.yes_no())


def placeless_measures(grid: Grid) -> list[dict[str, Any]]:
    """Return what a grid measures, without the place of each, which another benchmark moves."""
    return [{k: v for k, v in m.items() if k != "place"} for m in measures_of(grid)]


def refusals_of(grid: Grid) -> list[dict[str, Any]]:
    """Return the measures of refusal, of every benchmark and rater."""
    config = grid.study.config
    kinds = {name: config.kind_of(name) for name in config.benchmarks}
    return [m for m in placeless_measures(grid) if kinds.get(m["benchmark"]) == "xstest" and m["metric"] == "refusal"]


def main_measures(config: Config, judge: str | None, measures: Sequence[Any]) -> Iterator[Any]:
    """Yield the main measures: of utterances, then of each benchmark; those of rules where no judge rates."""
    yield from (m for m in measures if m["axis"] == "round" and m["judge"] == judge and m["of"])
    references = config.judges[judge].references if judge else ()

    def rank(measure: Any) -> tuple[bool, int]:
        against = measure["reference"]
        return measure["judge"] == RULES, references.index(against) if against else 0

    for name in config.benchmarks:
        own = [m for m in measures if m["benchmark"] == name and m["judge"] in (judge, RULES) and m["main"]]
        for main in dict.fromkeys(m["main"] for m in own):
            yield min((m for m in own if m["main"] == main), key=rank)


def headline_measures(grid: Grid) -> list[str]:
    """Return the slugs of the measures whose differences are claims."""
    config = grid.study.config
    all_measures = measures_of(grid)
    if config.statistics.headline is None:
        judge = next(iter(config.judges), None)
        return [m["measure"] for m in main_measures(config, judge, all_measures)]
    slugs = [*(m["measure"] for m in all_measures), PATTERNS]
    for name in config.statistics.headline:
        if name not in slugs:
            raise UserError(f"statistics.headline: {name} is not measured here; expected some of {', '.join(slugs)}.")
    return list(config.statistics.headline)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    yield Instance("measures", {}, {"measures": measures_of(grid)})


MEASURES = table("measures", measures_table, _instances, module=__name__, title="What is measured")
