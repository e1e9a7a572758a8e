"""What is found: series from ratings and patterns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact
from personas.plan.source import source_digest

UTTERANCES = "utterances"
"""What the ratings table of a model's dialogues is called, in the place of a benchmark."""

_TABLES = {
    "overview": "tables/series.py",
    "benchmark": "tables/series.py",
    "by-round": "tables/rounds.py",
    "patterns": "tables/patterns.py",
    "distances": "tables/distances.py",
    "distance": "tables/series.py",
    "agreement": "tables/agreement.py",
    "status": "tables/statuses.py",
    "answer-status": "tables/statuses.py",
}
_FAMILIES = {
    "overview": "series_of_all",
    "benchmark": "series_by_checkpoint",
    "by-round": "series_by_round",
    "patterns": "series_of_patterns",
    "distances": "bfi_distances",
    "distance": "series_of_distances",
    "agreement": "refusal_agreement",
    "status": "statuses",
    "answer-status": "answer_statuses",
}
"""Kind of table -> its family."""
_COUNTED = frozenset({"status", "answer-status", "distances", "agreement"})
"""Kinds of tables without intervals."""


def findings(
    grid: Grid, ratings: Sequence[Artefact], patterns: Sequence[Artefact], beside: Sequence[Artefact]
) -> list[Artefact]:
    """Return the series.

    `beside` are ratings of published answers, which are of no model here: only how verdicts ended is told of them.
    """
    maker = _Maker(grid)
    return [
        *maker.overview(ratings, beside),
        *maker.benchmarks(ratings),
        *maker.rounds(ratings),
        *maker.patterns(patterns),
    ]


class _Maker:
    def __init__(self, grid: Grid) -> None:
        self._study, self._config = grid.study, grid.study.config

    def overview(self, ratings: Sequence[Artefact], beside: Sequence[Artefact]) -> Iterator[Artefact]:
        """The overview, and how answers and verdicts ended."""
        of_benchmarks = _outputs(a for a in ratings if a.spec["kind"] != UTTERANCES)
        series = self._table("by-checkpoint", "overview", of_benchmarks)
        yield series
        yield self._table("answer-status", "answer-status", of_benchmarks)
        yield self._table("status", "status", _outputs([*ratings, *beside]))

    def benchmarks(self, ratings: Sequence[Artefact]) -> Iterator[Artefact]:
        """One series and one figure per benchmark and judge that rates it; one where no judge does."""
        for name in self._config.benchmarks:
            inputs = _outputs(a for a in ratings if a.spec["benchmark"] == name)
            for judge in self._judges_of(name):
                stem = f"{name}-by-{judge}" if judge else name
                references = list(self._config.judges[judge].references) if judge else ["dataset"]
                shown: dict[str, Any] = {"benchmark": name, "kind_of": self._config.kind_of(name)}
                shown |= {"judge": judge, "references": references}
                shown["both_orders"] = judge is not None and self._config.judges[judge].pairs == "both"
                series = self._table(f"{stem}-by-checkpoint", "benchmark", inputs, **shown)
                yield series
                if judge and self._config.kind_of(name) == "bfi":
                    yield from self._distances(name, judge, inputs)
                if judge and self._config.kind_of(name) == "xstest":
                    yield self._table(f"{name}-agreement-with-{judge}", "agreement", inputs, judge=judge)

    def _distances(self, name: str, judge: str, ratings: Sequence[str]) -> Iterator[Artefact]:
        """How far profiles lie from labels and from the baseline: cell by cell, by checkpoint, and a figure."""
        section, stem = self._config.benchmarks[name], f"{name}-distance-by-{judge}"
        shown: dict[str, Any] = {"benchmark": name, "judge": judge, "label_set": section.label_set}
        shown["has_labels"] = section.labels is not None
        compared = {"labels": self._labels(name), "weighting": section.weighting}
        cells = self._table(f"{name}-distances-by-{judge}", "distances", ratings, **shown, **compared)
        yield cells
        series = self._table(f"{stem}-by-checkpoint", "distance", cells.outputs[:1], **shown)
        yield series

    def _labels(self, name: str) -> Mapping[str, Any] | None:
        """What identifies the labels: the pin of a third-party file, or what stands in one of one's own."""
        pin = self._study.pins.labels.get(name)
        return pin if pin is not None else self._study.labels.get(name)

    def _judges_of(self, benchmark: str) -> list[str] | list[None]:
        judges = [slug for slug in self._config.judges if benchmark in self._config.judged_benchmarks(slug)]
        return judges or [None]

    def rounds(self, ratings: Sequence[Artefact]) -> Iterator[Artefact]:
        """The ratings of utterances by round, and a figure for each judge."""
        inputs = _outputs(a for a in ratings if a.spec["kind"] == UTTERANCES)
        if not inputs:
            return
        series = self._table("by-round", "by-round", inputs, checkpoints=list(self._config.checkpoints))
        yield series

    def patterns(self, patterns: Sequence[Artefact]) -> Iterator[Artefact]:
        """How often the patterns occur."""
        if patterns:
            series = self._table("patterns-by-checkpoint", "patterns", [a.outputs[1] for a in patterns])
            yield series

    def _table(self, name: str, kind: str, inputs: Sequence[str], **shown: Any) -> Artefact:
        figures = self._config.figures
        drawn = {} if kind in _COUNTED else {"resamples": figures.resamples, "seed": figures.seed}
        spec = {"kind": kind, **drawn, **shown, "source": source_digest(_TABLES[kind], "tables/job.py")}
        return artefact(_FAMILIES[kind], "summarise", [f"tables/{name}.parquet", f"tables/{name}.csv"], inputs, spec)


def _outputs(artefacts: Any) -> list[str]:
    return [path for made in artefacts for path in made.outputs]
