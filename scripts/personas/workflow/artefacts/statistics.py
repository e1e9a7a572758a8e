"""The statistics as artefacts: values of every measure cell by cell, and what follows from them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from personas.config.root import Config
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact
from personas.plan.source import source_digest
from personas.stats.measures import Measure, of_panel, of_utterances, placed
from personas.stats.panels import benchmark_panels
from personas.tables.distances import distance_panels

_TABLES = {
    "measures": "stats/measures.py",
    "values": "tables/values.py",
    "contrasts": "tables/contrasts.py",
    "by-model": "tables/by_model.py",
    "mixed-models": "tables/mixed_models.py",
}
"""Kind of table, which is its name too -> the module that makes it."""


def statistics(
    grid: Grid, ratings: Sequence[Artefact], patterns: Sequence[Artefact], found: Sequence[Artefact]
) -> Iterator[Artefact]:
    """Yield the tables of the statistics. `found` are the findings, of which the distances are read."""
    maker = _Maker(grid)
    yield from maker.values([*ratings, *(made for made in found if made.spec["kind"] == "distances")])
    yield from maker.differences()
    if grid.study.config.statistics.mixed_models:
        yield maker.mixed_models([made.outputs[1] for made in patterns])


class _Maker:
    def __init__(self, grid: Grid) -> None:
        self._config = grid.study.config
        self._measures = measures(grid.study.config, grid.study.yes_no())
        self._values: tuple[str, ...] = ()

    def values(self, made: Sequence[Artefact]) -> Iterator[Artefact]:
        """What is measured, and every value of it."""
        inputs = [path for each in made for path in each.outputs if path.endswith(".parquet")]
        yield self._table("measures", [], measures=self._measures)
        values = self._table("values", inputs, measures=self._measures)
        self._values = values.outputs[:1]
        yield values

    def differences(self) -> Iterator[Artefact]:
        """Paired differences at each position, and bars of each model."""
        figures, conditions = self._config.figures, list(self._config.conditions)
        drawn = {"conditions": conditions, "resamples": figures.resamples, "seed": figures.seed}
        yield self._table("contrasts", self._values, **drawn)
        yield self._table("by-model", self._values, **drawn, study=self._config.statistics.study)

    def mixed_models(self, counts: Sequence[str]) -> Artefact:
        """The mixed models, those of token patterns among them; the first input is the values."""
        models = {slug: {"size": m.size, "family": m.family} for slug, m in self._config.models.items()}
        study = self._config.statistics.study
        return self._table("mixed-models", [*self._values, *counts], models=models, study=study)

    def _table(self, kind: str, inputs: Sequence[str], **shown: Any) -> Artefact:
        spec = {"kind": kind, **shown, "source": source_digest(_TABLES[kind], "tables/job.py")}
        return artefact(
            kind.replace("-", "_"), "summarise", [f"tables/{kind}.parquet", f"tables/{kind}.csv"], inputs, spec
        )


def measures(config: Config, yes_no: Mapping[str, Collection[str]] | None = None) -> list[Measure]:
    """Return what the grid of a config measures: ratings of utterances first, then benchmark by benchmark.

    `yes_no` tells which metrics of utterances a judge answers with yes or no.
    """
    asked = [(slug, judge.utterances, (yes_no or {}).get(slug, ())) for slug, judge in config.judges.items()]
    utterances = [measure for judged in asked for measure in of_utterances(*judged)]
    return placed([*utterances, *(measure for name in config.benchmarks for measure in _of_benchmark(config, name))])


def _of_benchmark(config: Config, name: str) -> Iterator[Measure]:
    kind = config.kind_of(name)
    judges: list[str | None] = [slug for slug in config.judges if name in config.judged_benchmarks(slug)]
    for judge in judges or [None]:
        references = config.judges[judge].references if judge else ("dataset",)
        both = judge is not None and config.judges[judge].pairs == "both"
        panels = list(benchmark_panels(name, kind, judge, references, both))
        if judge and kind == "bfi":
            section = config.benchmarks[name]
            panels += distance_panels(name, judge, section.label_set, section.labels is not None)
        yield from map(of_panel, panels)
