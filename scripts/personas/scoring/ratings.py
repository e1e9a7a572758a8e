"""Rate every response of one model on one benchmark, or every utterance of its dialogues."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from personas.benchmarks import BENCHMARKS, verifiers
from personas.benchmarks.base import Item
from personas.config.base import files_of
from personas.config.kinds import UTTERANCES
from personas.config.personas import BASELINE
from personas.config.root import COMPLETIONS
from personas.core.canonical import sha256
from personas.core.errors import UserError
from personas.core.parquet import read_table, write_table
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.grid.question_sets import items_of, scoring_identity
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Instance, Instances
from personas.plan.frozen import FrozenPlan
from personas.prompts.judge.texts import JudgeTexts
from personas.prompts.scoring_recipe import RECIPE_KEY, SCORING_RECIPE_VERSION
from personas.scoring.declaration import ScoringDeclaration
from personas.scoring.judgements import completion_ratings, judged_ratings
from personas.scoring.table import rate_response, ratings_table


def rate(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write a table of ratings from the cells that it is made of."""
    nltk = frozen.study.nltk.get(artefact.spec["benchmark"] or "")
    if nltk is not None:
        verifiers.look_in(nltk)
    rows = [row for path in artefact.inputs for row in _cell_rows(frozen, frozen.grid.by_path[path])]
    table = ratings_table(rows)
    if intervention := artefact.spec.get("intervention"):
        table = table.append_column("intervention", pa.array([intervention] * len(rows), pa.string()))
    metadata = {RECIPE_KEY: str(SCORING_RECIPE_VERSION)}
    if artefact.spec["kind"] == "ifbench":
        metadata[b"verifiers"] = verifiers.version()
    write_table(frozen.results / artefact.outputs[0], table.replace_schema_metadata(metadata))


def _cell_rows(frozen: FrozenPlan, cell: Cell) -> Iterator[dict[str, Any]]:
    study, slug = frozen.study, cell.benchmark
    if cell.completions:
        yield from completion_ratings(frozen, cell, cell.completions)
        return
    items: dict[str, Item] = {}
    if slug is not None:
        items = {item.id: item for item in items_of(study, cell.judged or cell)}
    where = {
        "model": cell.track.model,
        "persona": cell.track.persona,
        "is_baseline": cell.track.persona == BASELINE,
        "reference_persona": cell.as_persona,
        "condition": cell.track.condition,
        "order": cell.track.order,
        "replicate": cell.track.replicate,
        "benchmark": slug,
    }
    if cell.judge is not None:
        yield from judged_ratings(frozen, cell, items, where)
    else:
        yield from _response_rows(frozen, cell, items, where)


def _response_rows(
    frozen: FrozenPlan, cell: Cell, items: Mapping[str, Item], where: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    benchmark = BENCHMARKS[frozen.study.config.kind_of(cell.benchmark or "")]
    table = read_table(frozen.results / cell.path)
    expected = len(items) * len(frozen.study.config.checkpoints)
    if table.num_rows != expected:
        raise UserError(f"{cell.path}: found {table.num_rows} rows, expected {expected}; forget it and run again.")
    for response in table.to_pylist():
        row_place = {**where, "round": None, "checkpoint": response["checkpoint"]}
        yield from rate_response(benchmark, items[response["item_id"]], response, row_place)


def _ratings(grid: Grid, context: Context) -> Iterator[Instance]:
    """Yield a table for each model and benchmark, and one for its dialogues: an edit scores only what it touches."""
    yield from _of_cells(grid, grid.plain_cells)


def _with_interventions(grid: Grid, context: Context) -> Iterator[Instance]:
    """Yield the same for each intervention, with its slug in name and column."""
    for slug in grid.study.config.interventions:
        cells = [cell for cell in grid.cells if cell.track.intervention == slug and not cell.second]
        for each in _of_cells(grid, cells):
            name = f"{each.name}--with-{slug}"
            parameters = {**each.parameters, "intervention": slug}
            yield replace(each, name=name, parameters=parameters, family=f"{each.family}_with_interventions")


def _of_cells(grid: Grid, cells: Sequence[Cell]) -> Iterator[Instance]:
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.stage != "dialogues" and not cell.completions:
            groups[cell.track.model, cell.benchmark or UTTERANCES].append(cell)
    scored = {name: scoring_identity(grid.study, name) for name in {name for _, name in groups} - {UTTERANCES}}
    for (model, name), own in groups.items():
        kind = UTTERANCES if name == UTTERANCES else grid.study.config.kind_of(name)
        identity = [SCORING_RECIPE_VERSION, scored.get(name)]
        if kind == "ifbench":
            identity += [verifiers.version(), _nltk(grid, name)]
        yield Instance(
            f"{model}--{name}",
            {"cells": [cell.path for cell in own]},
            {"model": model, "benchmark": name, "kind": kind},
            identity=identity,
            family=f"rate_{model}",
            code=(type(BENCHMARKS[kind]),) if kind in BENCHMARKS else (),
            reads_texts=True,
        )


def _of_completions(grid: Grid, context: Context) -> Iterator[Instance]:
    """Yield a table for each set of labels whose published answers judges rate."""
    groups: dict[str, list[str]] = defaultdict(list)
    for cell in grid.cells:
        if cell.completions:
            groups[cell.completions].append(cell.path)
    for slug, paths in groups.items():
        parameters = {"model": COMPLETIONS, "benchmark": None, "kind": COMPLETIONS, "labels": slug}
        yield Instance(
            f"{COMPLETIONS}--{slug}",
            {"cells": paths},
            parameters,
            identity=SCORING_RECIPE_VERSION,
            family=f"rate_{COMPLETIONS}",
            reads_texts=True,
        )


def _nltk(grid: Grid, benchmark: str) -> Any:
    """What identifies the NLTK data that verifiers read: pins, or names and sizes of files of one's own."""
    pins, folder = grid.study.pins.nltk.get(benchmark), grid.study.nltk.get(benchmark)
    if pins is not None or folder is None:
        return pins
    files = [path for path in files_of(Path(folder).rglob("*"), "") if path.is_file()]
    return sha256([[path.relative_to(folder).as_posix(), path.stat().st_size] for path in files])


def _declare(family: str, instances: Instances) -> ScoringDeclaration:
    return ScoringDeclaration(
        family=family,
        instances=instances,
        module=__name__,
        stage="ratings",
        write=rate,
        more_code=(JudgeTexts,),
        paths=("tables/ratings-{}.parquet",),
    )


RATINGS = _declare("ratings", _ratings)
INTERVENTION_RATINGS = _declare("intervention_ratings", _with_interventions)
COMPLETION_RATINGS = _declare("completion_ratings", _of_completions)
