"""What follows from the cells without an engine: ratings and patterns; then, from these, series, figures, pages."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from personas import figures
from personas.benchmarks import verifiers
from personas.config.base import files_of
from personas.config.personas import BASELINE
from personas.config.root import COMPLETIONS
from personas.core.canonical import sha256
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact
from personas.plan.declaration import Known, declarations_in
from personas.plan.source import source_digest
from personas.prompts.scoring_recipe import SCORING_RECIPE_VERSION
from personas.workflow.artefacts.calibrated import calibrated
from personas.workflow.artefacts.cards import pages
from personas.workflow.artefacts.comparison import comparisons
from personas.workflow.artefacts.findings import UTTERANCES, findings
from personas.workflow.artefacts.insights import by_name, insights, placeless_measures
from personas.workflow.artefacts.printed import printed
from personas.workflow.artefacts.released import released
from personas.workflow.artefacts.statistics import statistics
from personas.workflow.artefacts.unit_tables import unit_tables

MINED_TOGETHER = 8
"""Mined in one job: each may take some minutes."""

_RATING = ("scoring", "benchmarks", "prompts/judge", "requests/tie.py")
"""The code of ratings tables."""


def downstream(grid: Grid) -> list[Artefact]:
    """Return every artefact of the grid in the order in which they follow from each other."""
    ratings, patterns, last = _ratings(grid), _patterns(grid), _patterns(grid, last=True)
    beside = _of_completions(grid)
    found = findings(grid, ratings, patterns, list(beside.values()))
    measured = list(statistics(grid, ratings, patterns, found))
    tables = [*found, *calibrated(grid, ratings, beside), *measured]
    told = insights(grid, ratings, by_name(tables), patterns)
    made = [*ratings, *beside.values(), *patterns, *last, *tables, *told, *released(grid, patterns)]
    made += unit_tables(grid, Known(made))
    made += comparisons(grid, made)
    known = Known(made)
    drawn = [each for declared in declarations_in(figures) for each in declared.artefacts(grid, known)]
    by_plain = by_name(made)
    written = pages(grid, by_plain, [each for each in drawn if each.family == "model_card"])
    return [*made, *drawn, *written, *printed(by_plain, placeless_measures(grid)), _pages(grid)]


def _ratings(grid: Grid) -> list[Artefact]:
    """One table per model and benchmark, and one for its dialogues: an edit scores again only what it touches."""
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in grid.cells:
        if cell.stage != "dialogues" and not cell.completions:
            groups[cell.track.model, cell.benchmark or UTTERANCES].append(cell)
    study, scoring = grid.study, _Scoring(grid)
    result = []
    for (model, name), cells in groups.items():
        spec = {
            "model": model,
            "benchmark": name,
            "kind": UTTERANCES if name == UTTERANCES else study.config.kind_of(name),
            "scoring": None if name == UTTERANCES else scoring.of(name),
            "recipe": SCORING_RECIPE_VERSION,
            "source": source_digest(*_RATING),
        }
        if spec["kind"] == "ifbench":
            spec |= {"verifiers": verifiers.version(), "nltk": _nltk(grid, name)}
        inputs = [cell.path for cell in cells]
        result.append(artefact(f"rate_{model}", "rate", [f"tables/ratings-{model}--{name}.parquet"], inputs, spec))
    return result


def _of_completions(grid: Grid) -> dict[str, Artefact]:
    """One table for each set of labels whose published answers judges rate, by its slug."""
    groups: dict[str, list[str]] = defaultdict(list)
    for cell in grid.cells:
        if cell.completions:
            groups[cell.completions].append(cell.path)
    shared = {"model": COMPLETIONS, "benchmark": None, "kind": COMPLETIONS, "recipe": SCORING_RECIPE_VERSION}
    shared["source"] = source_digest(*_RATING)
    return {
        slug: artefact(
            f"rate_{COMPLETIONS}",
            "rate",
            [f"tables/ratings-{COMPLETIONS}--{slug}.parquet"],
            paths,
            {**shared, "labels": slug},
        )
        for slug, paths in groups.items()
    }


def _nltk(grid: Grid, benchmark: str) -> Any:
    """What identifies the NLTK data that verifiers read: pins, or names and sizes of files of one's own."""
    pins, folder = grid.study.pins.nltk.get(benchmark), grid.study.nltk.get(benchmark)
    if pins is not None or folder is None:
        return pins
    files = [path for path in files_of(Path(folder).rglob("*"), "") if path.is_file()]
    return sha256([[path.relative_to(folder).as_posix(), path.stat().st_size] for path in files])


class _Scoring:
    """Hashes of what scoring reads of the items of a benchmark, computed once each."""

    def __init__(self, grid: Grid) -> None:
        self._study = grid.study
        self._known: dict[str, str] = {}

    def of(self, benchmark: str) -> str:
        if benchmark not in self._known:
            self._known[benchmark] = sha256(self._read(benchmark))
        return self._known[benchmark]

    def _read(self, benchmark: str) -> list[Any]:
        pins = self._study.pins.items.get(benchmark)
        if pins is not None:
            return [dict(pin) for pin in pins.scoring()]
        return [[item.id, item.role, dict(item.scoring)] for item in self._study.items[benchmark]]


def _patterns(grid: Grid, last: bool = False) -> list[Artefact]:
    """One pair of files per model, persona and benchmark, all conditions in it: persona against its baseline.

    `last`: those mined in the answers at the last checkpoint, where the config asks for them.
    """
    study, section = grid.study, grid.study.config.patterns
    checkpoints = study.config.checkpoints
    first = checkpoints[0] if section.checkpoint is None else section.checkpoint
    if last and (not section.also_last or first == checkpoints[-1]):
        return []
    wanted = section.benchmarks if section.benchmarks is not None else tuple(study.config.benchmarks)
    if not study.config.personas.baseline:
        return []
    responses: dict[tuple[str, str, str, str | None], list[str]] = defaultdict(list)
    for cell in grid.cells:
        if cell.stage == "responses":
            responses[cell.track.model, cell.kind, cell.track.persona, cell.as_persona].append(cell.path)
    result, numbers = list[Artefact](), Counter[str]()
    for (model, benchmark, persona, _), own in responses.items():
        if persona == BASELINE or benchmark not in wanted:
            continue
        other = persona if study.persona_bound(benchmark) else None
        spec = {
            "model": model,
            "persona": persona,
            "benchmark": benchmark,
            "checkpoint": checkpoints[-1] if last else first,
            "fisher_p": section.fisher_p,
            "min_overlap": section.min_overlap,
            "max_minutes": section.max_minutes,
            "recipe": SCORING_RECIPE_VERSION,
            **({"as_published": True} if section.as_published else {}),
            "source": source_digest("scoring/patterns"),
        }
        # In a folder of its own: a benchmark may be called <benchmark>-last.
        stem = f"patterns/{model}/{persona}/{benchmark}" + ("/last" if last else "")
        outputs = [f"{stem}-patterns.parquet", f"{stem}-counts.parquet"]
        inputs = [*own, *responses[model, benchmark, BASELINE, other]]
        numbers[model] += 1
        family = f"mine_{'last_' if last else ''}{model}_{1 + (numbers[model] - 1) // MINED_TOGETHER:02d}"
        result.append(artefact(family, "mine_patterns", outputs, inputs, spec))
    return result


def _pages(grid: Grid) -> Artefact:
    """The pages that describe the grid, how its rows ended, and where they come from."""
    source = source_digest("pages/pages.py", "pages/job.py", "pages/provenance.py")
    spec = {"note": grid.study.config.figures.note, "source": source}
    outputs = ["report/grid.html", "report/statuses.html", "report/provenance.html", "report/provenance.csv"]
    return artefact("grid_pages", "describe", outputs, [cell.path for cell in grid.cells], spec)
