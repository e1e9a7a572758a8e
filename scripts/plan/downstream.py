"""What follows from the cells without an engine: tables and figures, each with an identity of its own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.config.personas import BASELINE
from scripts.grid.canonical import digest, sha256
from scripts.grid.cells import Cell
from scripts.grid.grid import Grid
from scripts.plan.source import source_digest


@dataclass(frozen=True)
class Artefact:
    """A table or figure. Paths are relative to the results folder; `plain_outputs` are those in `current/`.

    `spec` is what the script that makes it gets to know.
    """

    rule: str
    outputs: tuple[str, ...]
    plain_outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    spec: Mapping[str, Any]


UTTERANCES = "utterances"
"""What the ratings table of a model's dialogues is called, in the place of a benchmark."""


def downstream(grid: Grid) -> list[Artefact]:
    """Return every artefact of the grid in the order in which they follow from each other."""
    ratings = _ratings(grid)
    series = _series(grid, ratings)
    return [*ratings, *_patterns(grid), series, _figure(grid, series)]


def _artefact(rule: str, plain_outputs: Sequence[str], inputs: Sequence[str], spec: Mapping[str, Any]) -> Artefact:
    mark = digest({"outputs": list(plain_outputs), "inputs": list(inputs), "spec": spec})
    marked = [f"{stem}.{mark}.{suffix}" for stem, _, suffix in (path.rpartition(".") for path in plain_outputs)]
    return Artefact(rule, tuple(marked), tuple(plain_outputs), tuple(inputs), spec)


def _ratings(grid: Grid) -> list[Artefact]:
    """One table per model and benchmark, and one for its dialogues: an edit scores again only what it touches."""
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in grid.cells:
        if cell.stage != "dialogues":
            groups[cell.track.model, cell.benchmark or UTTERANCES].append(cell)
    study, scoring = grid.study, _Scoring(grid)
    result = []
    for (model, name), cells in groups.items():
        spec = {
            "model": model,
            "benchmark": name,
            "kind": UTTERANCES if name == UTTERANCES else study.config.kind_of(name),
            "scoring": None if name == UTTERANCES else scoring.of(name),
            "source": source_digest("ratings", "benchmarks", "judge"),
        }
        inputs = [cell.path for cell in cells]
        result.append(_artefact("rate", [f"tables/ratings-{model}--{name}.parquet"], inputs, spec))
    return result


class _Scoring:
    """Hashes of what scoring reads of the items of a benchmark, computed once each."""

    def __init__(self, grid: Grid) -> None:
        self._items = grid.study.items
        self._known: dict[str, str] = {}

    def of(self, benchmark: str) -> str:
        if benchmark not in self._known:
            read = [[item.id, item.role, dict(item.scoring)] for item in self._items[benchmark]]
            self._known[benchmark] = sha256(read)
        return self._known[benchmark]


def _patterns(grid: Grid) -> list[Artefact]:
    """One pair of files per model, persona and benchmark, all conditions in it: persona against its baseline."""
    study, section = grid.study, grid.study.config.patterns
    wanted = section.benchmarks if section.benchmarks is not None else tuple(study.config.benchmarks)
    if not study.config.personas.baseline:
        return []
    responses: dict[tuple[str, str, str, str | None], list[str]] = defaultdict(list)
    for cell in grid.cells:
        if cell.stage == "responses":
            responses[cell.track.model, cell.kind, cell.track.persona, cell.as_persona].append(cell.path)
    result = []
    for (model, benchmark, persona, _), own in responses.items():
        if persona == BASELINE or benchmark not in wanted:
            continue
        other = persona if study.persona_bound(benchmark) else None
        spec = {
            "model": model,
            "persona": persona,
            "benchmark": benchmark,
            "checkpoint": study.config.checkpoints[0] if section.checkpoint is None else section.checkpoint,
            "fisher_p": section.fisher_p,
            "min_overlap": section.min_overlap,
            "max_minutes": section.max_minutes,
            "source": source_digest("patterns"),
        }
        stem = f"patterns/{model}/{persona}/{benchmark}"
        outputs = [f"{stem}-patterns.parquet", f"{stem}-counts.parquet"]
        inputs = [*own, *responses[model, benchmark, BASELINE, other]]
        result.append(_artefact("mine_patterns", outputs, inputs, spec))
    return result


def _series(grid: Grid, ratings: Sequence[Artefact]) -> Artefact:
    figures = grid.study.config.figures
    spec = {
        "resamples": figures.resamples,
        "seed": figures.seed,
        "source": source_digest("analysis"),
    }
    inputs = [path for artefact in ratings if artefact.spec["kind"] != UTTERANCES for path in artefact.outputs]
    names = ["tables/by-checkpoint.parquet", "tables/by-checkpoint.csv", "tables/answer-status.csv"]
    return _artefact("summarise", names, inputs, spec)


def _figure(grid: Grid, series: Artefact) -> Artefact:
    spec = {"note": grid.study.config.figures.note, "source": source_digest("figures")}
    names = ["figures/by-checkpoint.pdf", "figures/by-checkpoint.png"]
    return _artefact("draw", names, series.outputs[:1], spec)
