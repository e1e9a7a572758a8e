"""The tables of the release: what became of its files, its own tables, and how far ours agree."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personas.core.canonical import sha256
from personas.exports.release.accounting import accounting
from personas.exports.release.agreement import pattern_agreement
from personas.exports.release.summaries import mined_places, summary
from personas.exports.release.verdicts import verdicts
from personas.grid.grid import Grid
from personas.grid.release.release import SUMMARIES, Release
from personas.plan.declaration import Context, Instance, Instances
from personas.plan.frozen import FrozenPlan
from personas.tables.table import table


def files_of_release(*, cells: Sequence[Path], frozen: FrozenPlan) -> pd.DataFrame:
    """Return what became of each file of the release."""
    return accounting(frozen.grid, frozen.results)


def table_of_release(*, name: str, frozen: FrozenPlan) -> pd.DataFrame:
    """Return a table that the study released, by its name here."""
    return summary(frozen.study, name)[0]


def readings_of_verdicts(*, cells: Sequence[Path], frozen: FrozenPlan) -> pd.DataFrame:
    """Return how the study and we read the texts of a model's judgements."""
    by_path = frozen.grid.by_path
    return verdicts(frozen, [by_path[path.relative_to(frozen.results).as_posix()] for path in cells])


def agreement_of_patterns(patterns: pd.DataFrame, counts: pd.DataFrame, *, frozen: FrozenPlan) -> pd.DataFrame:
    """Return how far our patterns agree with those of the release."""
    released, faults = summary(frozen.study, "patterns")
    return pattern_agreement(patterns, counts, released, mined_places(frozen.study, faults))


def _files(grid: Grid, context: Context) -> Iterator[Instance]:
    if release := grid.study.release:
        everything = sha256([dict(release.files), dict(release.faults), dict(release.ignored)])
        cells = [cell.path for cell in grid.cells if cell.is_imported]
        yield Instance("released-files", {"cells": cells}, identity=everything, reads_texts=True)


def _verdicts(grid: Grid, context: Context) -> Iterator[Instance]:
    by_model: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in grid.cells if grid.study.release else ():
        if cell.is_imported and cell.judge is not None:
            by_model[cell.judge, cell.track.model].append(cell.path)
    for (judge, model), paths in by_model.items():
        yield Instance(f"released-verdicts-{judge}--{model}", {"cells": paths}, reads_texts=True)


def _summary(name: str) -> Instances:
    def instances(grid: Grid, context: Context) -> Iterator[Instance]:
        if files := _released_files(grid, name):
            identity = {"files": files, "place": _place(grid)}
            yield Instance(f"released-{name}", {}, {"name": name}, identity=identity, reads_texts=True)

    return instances


def _agreement(grid: Grid, context: Context) -> Iterator[Instance]:
    patterns, files = context.family("patterns"), _released_files(grid, "patterns")
    if patterns and files:
        both = {
            "patterns": [artefact.outputs[0] for artefact in patterns],
            "counts": [artefact.outputs[1] for artefact in patterns],
        }
        identity = {"files": files, "place": _place(grid)}
        yield Instance("released-pattern-agreement", both, identity=identity, reads_texts=True)


def _released_files(grid: Grid, name: str) -> dict[str, str]:
    """Return the released files of a table, with their hashes; none without a release."""
    release = grid.study.release
    if release is None:
        return {}
    paths = _pattern_files(release) if name == "patterns" else [SUMMARIES[name]]
    return {path: release.files[path] for path in paths if path in release.files}


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


FILES = table("release_files", files_of_release, _files, module=__name__, from_files=True, with_plan=True)
VERDICTS = table(
    "release_verdicts", readings_of_verdicts, _verdicts, module=__name__, from_files=True, with_plan=True
)
IFBENCH = table("release_ifbench", table_of_release, _summary("ifbench"), module=__name__, with_plan=True)
ROUND_LENGTHS = table(
    "release_round_lengths", table_of_release, _summary("round-lengths"), module=__name__, with_plan=True
)
BFI_RATINGS = table("release_bfi_ratings", table_of_release, _summary("bfi-ratings"), module=__name__, with_plan=True)
PATTERNS = table("release_patterns", table_of_release, _summary("patterns"), module=__name__, with_plan=True)
PATTERN_AGREEMENT = table(
    "release_pattern_agreement", agreement_of_patterns, _agreement, module=__name__, with_plan=True
)
