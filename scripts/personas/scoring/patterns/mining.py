"""Mine and count the patterns of one model, persona and benchmark, each condition by itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa

from personas.config.personas import BASELINE
from personas.core.parquet import write_table
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Instance, Instances
from personas.plan.frozen import FrozenPlan
from personas.prompts.scoring_recipe import RECIPE_KEY, SCORING_RECIPE_VERSION
from personas.scoring.declaration import ScoringDeclaration
from personas.scoring.patterns.answer_sets import AnswerSet, answer_set_of, items_of, tokens_of
from personas.scoring.patterns.halves import HALVES, WHOLE, held_out, second_half
from personas.scoring.patterns.mine import MiningResult, mine_documents
from personas.scoring.patterns.tokens import tokenize

_PLACE = [(name, pa.string()) for name in ("model", "persona", "benchmark", "condition")]
PATTERN_SCHEMA = pa.schema(
    [
        *_PLACE,
        ("mined_at", pa.int32()),
        ("half", pa.string()),
        ("pattern_group", pa.string()),
        ("pattern", pa.list_(pa.list_(pa.string()))),
        ("p_value", pa.float64()),
        ("p_held_out", pa.float64()),
        ("q_held_out", pa.float64()),
        ("mdl_gain", pa.float64()),
        ("checkpoint", pa.int32()),
        ("n_persona", pa.int64()),
        ("n_baseline", pa.int64()),
    ]
)
COUNT_SCHEMA = pa.schema(
    [
        *_PLACE,
        ("mined_at", pa.int32()),
        ("half", pa.string()),
        ("mining", pa.string()),
        ("checkpoint", pa.int32()),
        ("pattern_group", pa.string()),
        ("speaker", pa.string()),
        ("n_patterns", pa.int64()),
        ("n_documents", pa.int64()),
        ("n_hits", pa.int64()),
    ]
)
SPEAKERS = ("persona", "baseline")


def mine_patterns(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write the patterns of an artefact, and their counts by checkpoint."""
    spec, checkpoints = artefact.spec, frozen.study.config.checkpoints
    with_space = spec.get("as_published", False)
    patterns: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    paths = [frozen.results / path for path in artefact.inputs]
    names = HALVES if spec.get("cross_fit") else (WHOLE,)
    second = second_half(set().union(*map(items_of, paths))) if spec.get("cross_fit") else None
    answer_sets = [answer_set_of(path, checkpoints, with_space, second) for path in paths]
    conditions = dict.fromkeys(cell.condition for cell in answer_sets)
    for condition, (half, name) in product(conditions, enumerate(names)):
        cells = [cell for cell in answer_sets if cell.condition == condition]
        where = {"model": spec["model"], "persona": spec["persona"], "benchmark": spec["benchmark"]}
        where |= {"condition": condition, "mined_at": spec["checkpoint"], "half": name}
        mining = mine_documents(
            tokens_of(cells, "persona", half, spec["checkpoint"]),
            tokens_of(cells, "baseline", half, spec["checkpoint"]),
            fisher_p=spec["fisher_p"],
            min_overlap=spec["min_overlap"],
            timeout=60 * spec["max_minutes"],
            as_published=with_space,
        )
        of_patterns, of_counts = count(mining, cells, checkpoints, where, counted_in=(half + 1) % len(names))
        patterns += of_patterns
        counts += of_counts
    recipe = {RECIPE_KEY: str(SCORING_RECIPE_VERSION)}
    for path, rows, schema in zip(artefact.outputs, (patterns, counts), (PATTERN_SCHEMA, COUNT_SCHEMA), strict=True):
        typed_schema = schema.with_metadata(recipe)
        write_table(frozen.results / path, pa.Table.from_pylist(rows, schema=typed_schema))


def warm_up() -> None:
    """Make the tokenizer; forks of this process then have it."""
    tokenize(["A word."])


def count(
    mining: MiningResult,
    cells: Sequence[AnswerSet],
    checkpoints: Sequence[int],
    where: Mapping[str, Any],
    counted_in: int,
) -> tuple[Iterable[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows of patterns and of counts, each by checkpoint; orders and replicates count together.

    They are counted in the answers to one half of the items, `counted_in`.
    """
    clauses = [pattern.clauses for pattern in mining.patterns]
    hits: dict[tuple[int, str], list[int]] = {}
    sizes: dict[tuple[int, str], int] = {}
    for speaker in SPEAKERS:
        document_sets = [cell.documents[counted_in] for cell in cells if cell.speaker == speaker]
        nothing = np.zeros((len(checkpoints), len(clauses)), np.int64)
        totals = sum((documents.count(clauses) for documents in document_sets), nothing)
        for number, checkpoint in enumerate(checkpoints):
            hits[checkpoint, speaker] = totals[number].tolist()
            sizes[checkpoint, speaker] = sum(documents.sizes[number] for documents in document_sets)
    counts = []
    for group in SPEAKERS:
        numbers = [number for number, pattern in enumerate(mining.patterns) if pattern.group == group]
        for checkpoint, speaker in product(sorted(checkpoints), SPEAKERS):
            counts.append(
                {
                    **where,
                    "mining": mining.status,
                    "checkpoint": checkpoint,
                    "pattern_group": group,
                    "speaker": speaker,
                    "n_patterns": len(numbers),
                    "n_documents": sizes[checkpoint, speaker],
                    "n_hits": sum(hits[checkpoint, speaker][number] for number in numbers),
                }
            )
    p_values = held_out(mining, hits, sizes, where["mined_at"]) if where["half"] else [{}] * len(clauses)
    return _pattern_rows(mining, hits, sorted(checkpoints), where, p_values), counts


def _pattern_rows(
    mining: MiningResult,
    hits: Mapping[tuple[int, str], Sequence[int]],
    checkpoints: Sequence[int],
    where: Mapping[str, Any],
    p_values: Sequence[Mapping[str, float]],
) -> Iterator[dict[str, Any]]:
    for number, pattern in enumerate(mining.patterns):
        facts = {"pattern_group": pattern.group, "p_value": pattern.p_value, "mdl_gain": pattern.mdl_gain}
        facts |= p_values[number]
        for checkpoint in checkpoints:
            n_by_speaker = {f"n_{speaker}": hits[checkpoint, speaker][number] for speaker in SPEAKERS}
            clauses = [list(clause) for clause in pattern.clauses]
            yield {**where, **facts, "pattern": clauses, "checkpoint": checkpoint, **n_by_speaker}


MINED_TOGETHER = 32
"""Mined in one job: each may take some minutes."""


def _patterns(grid: Grid, context: Context) -> Iterator[Instance]:
    section, checkpoints = grid.study.config.patterns, grid.study.config.checkpoints
    yield from _pattern_files(grid, checkpoints[0] if section.checkpoint is None else section.checkpoint, "")


def _last_patterns(grid: Grid, context: Context) -> Iterator[Instance]:
    """Yield those mined in the answers at the last checkpoint, where the config asks for them."""
    section, checkpoints = grid.study.config.patterns, grid.study.config.checkpoints
    first = checkpoints[0] if section.checkpoint is None else section.checkpoint
    if section.also_last and first != checkpoints[-1]:
        yield from _pattern_files(grid, checkpoints[-1], "last")


def _pattern_files(grid: Grid, checkpoint: int, last: str) -> Iterator[Instance]:
    """Yield a pair of files per model, persona and benchmark, all conditions in it: persona against its baseline."""
    study, section = grid.study, grid.study.config.patterns
    benchmarks = section.benchmarks if section.benchmarks is not None else tuple(study.config.benchmarks)
    if not study.config.personas.baseline:
        return
    responses: dict[tuple[str, str, str, str | None], list[str]] = defaultdict(list)
    for cell in grid.plain_cells:
        if cell.stage == "responses":
            responses[cell.track.model, cell.kind, cell.track.persona, cell.as_persona].append(cell.path)
    numbers = Counter[str]()
    places = {slug: number for number, slug in enumerate(study.config.benchmarks)}
    models = {slug: number for number, slug in enumerate(study.config.models)}
    # Benchmark by benchmark, so that a job reads a baseline once for all personas.
    in_order = sorted(responses.items(), key=lambda item: (models[item[0][0]], places[item[0][1]]))
    for (model, benchmark, persona, _), paths in in_order:
        if persona == BASELINE or benchmark not in benchmarks:
            continue
        # The baseline's own answers, and those in the persona's place.
        others = [path for who in (None, persona) for path in responses.get((model, benchmark, BASELINE, who), ())]
        numbers[model] += 1
        # In a folder of its own: a benchmark may be called <benchmark>-last.
        name = f"{model}/{persona}/{benchmark}" + ("/last" if last else "")
        yield Instance(
            name,
            {"persona": paths, "baseline": others},
            {
                "model": model,
                "persona": persona,
                "benchmark": benchmark,
                "checkpoint": checkpoint,
                "fisher_p": section.fisher_p,
                "min_overlap": section.min_overlap,
                "max_minutes": section.max_minutes,
                "as_published": section.as_published,
                **({"cross_fit": True} if section.in_halves else {}),
            },
            identity=SCORING_RECIPE_VERSION,
            family="_".join(["mine", *([last] if last else []), model, f"{_job(numbers[model]):02d}"]),
        )


def _job(number: int) -> int:
    """Return which job of a model mines its mining of this number; both are counted from 1."""
    return 1 + (number - 1) // MINED_TOGETHER


def _declare(family: str, instances: Instances) -> ScoringDeclaration:
    return ScoringDeclaration(
        family=family,
        instances=instances,
        module=__name__,
        stage="patterns",
        write=mine_patterns,
        paths=("patterns/{}-patterns.parquet", "patterns/{}-counts.parquet"),
    )


PATTERNS = _declare("patterns", _patterns)
LAST_PATTERNS = _declare("last_patterns", _last_patterns)
