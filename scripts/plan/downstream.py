"""What follows from the cells without an engine: tables and figures, each with an identity of its own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


def downstream(grid: Grid) -> list[Artefact]:
    """Return every artefact of the grid in the order in which they follow from each other."""
    ratings = _ratings(grid)
    series = _series(grid, ratings)
    return [*ratings, series, _figure(grid, series)]


def _artefact(rule: str, plain_outputs: Sequence[str], inputs: Sequence[str], spec: Mapping[str, Any]) -> Artefact:
    mark = digest({"outputs": list(plain_outputs), "inputs": list(inputs), "spec": spec})
    marked = [f"{stem}.{mark}.{suffix}" for stem, _, suffix in (path.rpartition(".") for path in plain_outputs)]
    return Artefact(rule, tuple(marked), tuple(plain_outputs), tuple(inputs), spec)


def _ratings(grid: Grid) -> list[Artefact]:
    """One table per model and benchmark, so that an edit scores again only what it touches."""
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in grid.cells:
        if cell.stage == "responses":
            groups[cell.track.model, cell.kind].append(cell)
    study, result = grid.study, []
    scoring: dict[str, str] = {}
    for (model, benchmark), cells in groups.items():
        if benchmark not in scoring:
            scoring[benchmark] = sha256([[i.id, i.role, dict(i.scoring)] for i in study.items[benchmark]])
        spec = {
            "model": model,
            "benchmark": benchmark,
            "kind": study.config.kind_of(benchmark),
            "scoring": scoring[benchmark],
            "source": source_digest("ratings", "benchmarks"),
        }
        inputs = [cell.path for cell in cells]
        result.append(_artefact("rate", [f"tables/ratings-{model}--{benchmark}.parquet"], inputs, spec))
    return result


def _series(grid: Grid, ratings: Sequence[Artefact]) -> Artefact:
    figures = grid.study.config.figures
    spec = {
        "resamples": figures.resamples,
        "seed": figures.seed,
        "source": source_digest("analysis"),
    }
    inputs = [path for artefact in ratings for path in artefact.outputs]
    names = ["tables/by-checkpoint.parquet", "tables/by-checkpoint.csv", "tables/answer-status.csv"]
    return _artefact("summarise", names, inputs, spec)


def _figure(grid: Grid, series: Artefact) -> Artefact:
    spec = {"note": grid.study.config.figures.note, "source": source_digest("figures")}
    names = ["figures/by-checkpoint.pdf", "figures/by-checkpoint.png"]
    return _artefact("draw", names, series.outputs[:1], spec)
