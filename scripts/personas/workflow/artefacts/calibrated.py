"""The calibration of judges as artefacts: one table, and samples for people to rate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from personas.config.judges import METRICS
from personas.config.root import JUDGED
from personas.core.canonical import sha256
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact
from personas.plan.source import source_digest
from personas.tables.rated import JUDGES
from personas.workflow.artefacts.findings import UTTERANCES

_LABELLING = ("benchmarks/human", "scoring/samples")
"""The code that reads labels and draws samples."""


def calibrated(grid: Grid, ratings: Sequence[Artefact], beside: Mapping[str, Artefact]) -> Iterator[Artefact]:
    """Yield what section `calibration` asks for; nothing without it.

    `beside` are judges' ratings of published answers, by the slug of their labels.
    """
    config = grid.study.config
    if config.calibration is None:
        return
    sets = [*([JUDGES] if _several_raters(grid) else []), *config.calibration.labels]
    if sets:
        yield _table(grid, ratings, beside, sets)
    for slug in config.calibration.samples:
        yield _sample(grid, slug)


def _several_raters(grid: Grid) -> bool:
    """Tell whether any two of judges and rules rate the same: rules rate refusals only."""
    config = grid.study.config
    rated = [{*_points(grid, slug), *map(config.kind_of, config.judged_benchmarks(slug))} for slug in config.judges]
    counted = [kind for kinds in [*rated, {"xstest"}] for kind in kinds]
    return any(counted.count(kind) > 1 for kind in counted)


def _points(grid: Grid, judge: str) -> list[str]:
    """Return the metrics of utterances that people are asked for too: the study's, from 1 to 5."""
    asked, yes_no = grid.study.config.judges[judge].utterances, grid.study.yes_no()[judge]
    return [metric for metric in asked if metric in METRICS and metric not in yes_no]


def _table(grid: Grid, ratings: Sequence[Artefact], beside: Mapping[str, Artefact], sets: Sequence[str]) -> Artefact:
    study, figures = grid.study, grid.study.config.figures
    inputs = [path for made in ratings if made.spec["kind"] in (UTTERANCES, *JUDGED) for path in made.outputs]
    source = source_digest(
        "tables/calibration.py",
        "tables/rated.py",
        "scoring/units.py",
        "tables/job.py",
        "benchmarks/refusal.py",
    )
    labels = {slug: _labels(grid, slug) for slug in study.human}
    spec: dict[str, Any] = {"kind": "calibration", "sets": sets, "resamples": figures.resamples, "seed": figures.seed}
    spec |= {"labels": labels or None, "reading": source_digest(*_LABELLING) if labels else None, "source": source}
    if apart := [[judge, metric] for judge, metrics in study.yes_no().items() for metric in metrics]:
        spec["apart"] = apart
    if beside:  # their ratings are the last inputs, in this order
        spec["completions"] = list(beside)
        inputs += [path for made in beside.values() for path in made.outputs]
    return artefact(
        "calibration", "summarise", ["tables/calibration.parquet", "tables/calibration.csv"], inputs, spec
    )


def _labels(grid: Grid, slug: str) -> Any:
    """What identifies labels: pins of third-party files, or what stands in those of one's own."""
    pins = grid.study.pins.human.get(slug)
    if pins is not None:
        section = grid.study.config.human[slug]
        told = [grid.study.config.conversations] if section.format == "study" else []
        return [section.format, [dict(pin) for pin in pins], *told]
    return sha256([{k: v for k, v in asdict(label).items() if k != "where"} for label in grid.study.human[slug]])


def _sample(grid: Grid, slug: str) -> Artefact:
    study, section = grid.study, grid.study.config.calibration
    if section is None:
        raise ValueError("no section calibration")
    sample = section.samples[slug]
    cells = sampled_cells(grid, sample.metric, sample.benchmark)
    spec = {
        **sample.identity(),
        "personas": {persona: sha256(study.persona_identity(persona)) for persona in study.personas},
        "scoring": _scoring(grid, sample.benchmark),
        "source": [source_digest(*_LABELLING), source_digest("scoring/units.py")],
    }
    return artefact("annotation", "draw_sample", [f"annotation/{slug}.csv"], [cell.path for cell in cells], spec)


def sampled_cells(grid: Grid, metric: str, benchmark: str | None) -> list[Cell]:
    """Return the cells whose texts can be rated for a metric: dialogues, or responses to a benchmark."""
    stage = "dialogues" if metric in METRICS else "responses"
    return [cell for cell in grid.cells if cell.stage == stage and cell.benchmark == benchmark]


def _scoring(grid: Grid, benchmark: str | None) -> Any:
    """What identifies what a rater reads of the items besides their prompts."""
    if benchmark is None:
        return None
    pins = grid.study.pins.items.get(benchmark)
    if pins is not None:
        return [dict(pin) for pin in pins.scoring()]
    return sha256([[item.id, item.role, dict(item.scoring)] for item in grid.study.items[benchmark]])
