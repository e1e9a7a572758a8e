"""Tables of the release as artefacts: what became of its files, its own tables, and how far ours agree."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personas.core.canonical import sha256
from personas.grid.grid import Grid
from personas.grid.release.release import SUMMARIES, Release
from personas.plan.artefact import Artefact, artefact
from personas.plan.source import source_digest


def released(grid: Grid, patterns: Sequence[Artefact]) -> Iterator[Artefact]:
    """Yield the tables; nothing without a release."""
    release = grid.study.release
    if release is None:
        return
    imported = [cell for cell in grid.cells if cell.is_imported]
    everything = sha256([dict(release.files), dict(release.faults), dict(release.ignored)])
    yield _table("files", "files", [cell.path for cell in imported], release=everything)
    own = {**{name: [path] for name, path in SUMMARIES.items()}, "patterns": _pattern_files(release)}
    for name, paths in own.items():
        files = {path: release.files[path] for path in paths if path in release.files}
        if files:
            yield _table(name, name, [], files=files, place=_place(grid))
    judged: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in imported:
        if cell.judge is not None:
            judged[cell.judge, cell.track.model].append(cell.path)
    for (judge, model), paths in judged.items():
        yield _table(f"verdicts-{judge}--{model}", "verdicts", paths)
    mined = [path for made in patterns for path in made.outputs]  # patterns and counts in turn
    if mined and own["patterns"]:
        files = {path: release.files[path] for path in own["patterns"]}
        yield _table("pattern-agreement", "pattern-agreement", mined, files=files, place=_place(grid))


def _pattern_files(release: Release) -> list[str]:
    return [path for path in release.files if path.startswith("results/premise/")]


def _place(grid: Grid) -> Mapping[str, Any]:
    """What decides where in the grid a row of a released table belongs."""
    config = grid.study.config
    return {
        "models": {slug: getattr(model, "directory", None) for slug, model in config.models.items()},
        "personas": {slug: persona.role for slug, persona in grid.study.personas.items()},
        "conditions": dict(config.release.conditions) if config.release else {},
        "benchmarks": {slug: config.kind_of(slug) for slug in config.benchmarks},
        "checkpoints": list(config.checkpoints),
    }


def _table(name: str, kind: str, inputs: Sequence[str], **more: Any) -> Artefact:
    spec = {"kind": kind, **more, "source": source_digest("exports/release", "grid/release", "prompts/judge")}
    stem = f"tables/released-{name}"
    return artefact(
        f"release_{kind}".replace("-", "_"), "tabulate_released", [f"{stem}.parquet", f"{stem}.csv"], inputs, spec
    )
