"""Rate every response of one model on one benchmark, or every utterance of its dialogues."""

from collections.abc import Iterator, Mapping
from typing import Any

from personas.benchmarks import BENCHMARKS, verifiers
from personas.benchmarks.base import Item
from personas.config.personas import BASELINE
from personas.core.errors import UserError
from personas.core.parquet import read_table, write_table
from personas.grid.asked import asked_items
from personas.grid.cells import Cell
from personas.plan.frozen import FrozenPlan
from personas.prompts.scoring_recipe import RECIPE_KEY, SCORING_RECIPE_VERSION
from personas.scoring.judged import completion_ratings, judged_ratings
from personas.scoring.table import rate_response, ratings_table


def rate(frozen: FrozenPlan, output: str) -> None:
    """Write the ratings table `output` (a path below the results folder) from the cells it names."""
    frozen.study.require_texts()
    artefact = frozen.artefact(output)
    nltk = frozen.study.nltk.get(artefact.spec["benchmark"] or "")
    if nltk is not None:
        verifiers.look_in(nltk)
    rows = [row for path in artefact.inputs for row in _cell_rows(frozen, frozen.grid.by_path[path])]
    metadata = {RECIPE_KEY: str(SCORING_RECIPE_VERSION)}
    if artefact.spec["kind"] == "ifbench":
        metadata[b"verifiers"] = verifiers.version()
    table = ratings_table(rows).replace_schema_metadata(metadata)
    write_table(frozen.results / output, table)


def _cell_rows(frozen: FrozenPlan, cell: Cell) -> Iterator[dict[str, Any]]:
    study, slug = frozen.study, cell.benchmark
    if cell.completions:
        yield from completion_ratings(frozen, cell, cell.completions)
        return
    items: dict[str, Item] = {}
    if slug is not None:
        # The baseline is judged as the persona whose items it was asked, so both name the same set.
        asked = dict(asked_items(study, slug, cell.track.persona))[cell.as_persona]
        items = {item.id: item for item in asked}
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
        placed = {**where, "round": None, "checkpoint": response["checkpoint"]}
        yield from rate_response(benchmark, items[response["item_id"]], response, placed)
