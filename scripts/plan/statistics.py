"""The statistics as artefacts: values of every measure cell by cell, and what follows from them."""

from collections.abc import Iterator, Sequence
from typing import Any

from scripts.analysis.distances import distance_panels
from scripts.analysis.measures import Measure, of_panel, of_utterances, placed
from scripts.analysis.panels import benchmark_panels
from scripts.config.root import Config
from scripts.grid.grid import Grid
from scripts.plan.artefact import Artefact, artefact
from scripts.plan.source import module_digest

VALUES, MEASURES = "values", "measures"
"""Kinds of tables."""


def statistics(grid: Grid, ratings: Sequence[Artefact], found: Sequence[Artefact]) -> Iterator[Artefact]:
    """Yield the tables of the statistics. `found` are the findings, of which the distances are read."""
    maker = _Maker(grid)
    yield from maker.values([*ratings, *(made for made in found if made.spec["kind"] == "distances")])


class _Maker:
    def __init__(self, grid: Grid) -> None:
        self._config = grid.study.config
        self._measures = measures(self._config)

    def values(self, made: Sequence[Artefact]) -> Iterator[Artefact]:
        inputs = [path for each in made for path in each.outputs if path.endswith(".parquet")]
        yield self._table(MEASURES, "analysis/measures.py", [], measures=self._measures)
        yield self._table(VALUES, "analysis/values.py", inputs, measures=self._measures)

    def _table(self, kind: str, module: str, inputs: Sequence[str], **shown: Any) -> Artefact:
        spec = {"kind": kind, **shown, "source": module_digest(module, "analysis/job.py")}
        return artefact("summarise", [f"tables/{kind}.parquet", f"tables/{kind}.csv"], inputs, spec)


def measures(config: Config) -> list[Measure]:
    """Return what the grid of a config measures: ratings of utterances first, then benchmark by benchmark."""
    utterances = [m for slug, judge in config.judges.items() for m in of_utterances(slug, judge.utterances)]
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
