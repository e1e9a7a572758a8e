"""Mine and count the patterns of one model, persona and benchmark, each condition by itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from personas.config.personas import BASELINE
from personas.core.parquet import read_table, write_table
from personas.engines.request import WITH_TEXT
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.declaration import Instance, Instances, Known
from personas.plan.frozen import FrozenPlan
from personas.prompts.scoring_recipe import RECIPE_KEY, SCORING_RECIPE_VERSION
from personas.prompts.thinking import strip_thinking
from personas.requests.projection import read_description
from personas.scoring.patterns.count import Documents
from personas.scoring.patterns.mine import Mined, mine_documents
from personas.scoring.patterns.tokens import Tokens, tokenize
from personas.scoring.scored import Scored

_PLACE = [(name, pa.string()) for name in ("model", "persona", "benchmark", "condition")]
PATTERN_SCHEMA = pa.schema(
    [
        *_PLACE,
        ("mined_at", pa.int32()),
        ("pattern_group", pa.string()),
        ("pattern", pa.list_(pa.list_(pa.string()))),
        ("p_value", pa.float64()),
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


@dataclass(frozen=True)
class Spoken:
    """The answers of one cell that have a text, as tokens: by checkpoint, and for counting."""

    condition: str
    speaker: str
    tokens: Mapping[int, Sequence[Tokens]]
    counted: Documents


def mine_patterns(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write the patterns of an artefact, and their counts by checkpoint."""
    spec, checkpoints = artefact.spec, frozen.study.config.checkpoints
    with_space = spec.get("as_published", False)
    patterns: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    spoken = [_spoken(frozen.results / path, checkpoints, with_space) for path in artefact.inputs]
    for condition in dict.fromkeys(cell.condition for cell in spoken):
        cells = [cell for cell in spoken if cell.condition == condition]
        where = {"model": spec["model"], "persona": spec["persona"], "benchmark": spec["benchmark"]}
        where |= {"condition": condition, "mined_at": spec["checkpoint"]}
        mined = mine_documents(
            _tokens(cells, "persona", spec["checkpoint"]),
            _tokens(cells, "baseline", spec["checkpoint"]),
            fisher_p=spec["fisher_p"],
            min_overlap=spec["min_overlap"],
            timeout=60 * spec["max_minutes"],
            as_published=with_space,
        )
        of_patterns, of_counts = count(mined, cells, checkpoints, where)
        patterns += of_patterns
        counts += of_counts
    recipe = {RECIPE_KEY: str(SCORING_RECIPE_VERSION)}
    for path, rows, schema in zip(artefact.outputs, (patterns, counts), (PATTERN_SCHEMA, COUNT_SCHEMA), strict=True):
        told = schema.with_metadata(recipe)
        write_table(frozen.results / path, pa.Table.from_pylist(rows, schema=told))


def warm_up() -> None:
    """Make the tokenizer; forks of this process then have it."""
    tokenize(["A word."])


def count(
    mined: Mined, cells: Sequence[Spoken], checkpoints: Sequence[int], where: Mapping[str, Any]
) -> tuple[Iterable[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows of patterns and of counts, each by checkpoint; orders and replicates count together."""
    clauses = [pattern.clauses for pattern in mined.patterns]
    held: dict[tuple[int, str], list[int]] = {}
    sizes: dict[tuple[int, str], int] = {}
    for speaker in SPEAKERS:
        said = [cell.counted for cell in cells if cell.speaker == speaker]
        nothing = np.zeros((len(checkpoints), len(clauses)), np.int64)
        counted = sum((documents.count(clauses) for documents in said), nothing)
        for number, checkpoint in enumerate(checkpoints):
            held[checkpoint, speaker] = counted[number].tolist()
            sizes[checkpoint, speaker] = sum(documents.sizes[number] for documents in said)
    counts = []
    for group in SPEAKERS:
        own = [number for number, pattern in enumerate(mined.patterns) if pattern.group == group]
        for checkpoint, speaker in product(sorted(checkpoints), SPEAKERS):
            counts.append(
                {
                    **where,
                    "mining": mined.status,
                    "checkpoint": checkpoint,
                    "pattern_group": group,
                    "speaker": speaker,
                    "n_patterns": len(own),
                    "n_documents": sizes[checkpoint, speaker],
                    "n_hits": sum(held[checkpoint, speaker][number] for number in own),
                }
            )
    return _pattern_rows(mined, held, sorted(checkpoints), where), counts


def _pattern_rows(
    mined: Mined, held: Mapping[tuple[int, str], Sequence[int]], checkpoints: Sequence[int], where: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for number, pattern in enumerate(mined.patterns):
        told = {"pattern_group": pattern.group, "p_value": pattern.p_value, "mdl_gain": pattern.mdl_gain}
        for checkpoint in checkpoints:
            counted = {f"n_{speaker}": held[checkpoint, speaker][number] for speaker in SPEAKERS}
            clauses = [list(clause) for clause in pattern.clauses]
            yield {**where, **told, "pattern": clauses, "checkpoint": checkpoint, **counted}


def _tokens(cells: Sequence[Spoken], speaker: str, checkpoint: int) -> list[Tokens]:
    return [tokens for cell in cells if cell.speaker == speaker for tokens in cell.tokens[checkpoint]]


@lru_cache(maxsize=64)  # a baseline is mined with every persona, and a first answer also counts for the last ones
def _spoken(path: Path, checkpoints: tuple[int, ...], with_space: bool) -> Spoken:
    """Read the answers of a cell. It tells of itself whose they are: to build the grid takes as long as to mine."""
    track = read_description(path)["track"]
    texts: dict[int, list[str]] = {checkpoint: [] for checkpoint in checkpoints}
    for checkpoint, text in _answers(path):
        texts[checkpoint].append(text)
    tokens = {checkpoint: tokenize(said, with_space=with_space) for checkpoint, said in texts.items()}
    speaker = "baseline" if track["persona"] == BASELINE else "persona"
    return Spoken(track["condition"], speaker, tokens, Documents(list(tokens.values())))


def _answers(path: Path) -> Iterator[tuple[int, str]]:
    for row in read_table(path, columns=["checkpoint", "status", "answer"]).to_pylist():
        said = strip_thinking(row["answer"] or "")[0]
        if row["status"] in WITH_TEXT and said:  # nothing but thinking is no answer, and no document
            yield row["checkpoint"], said


MINED_TOGETHER = 32
"""Mined in one job: each may take some minutes."""


def _patterns(grid: Grid, known: Known) -> Iterator[Instance]:
    section, checkpoints = grid.study.config.patterns, grid.study.config.checkpoints
    yield from _mined(grid, checkpoints[0] if section.checkpoint is None else section.checkpoint, "")


def _last_patterns(grid: Grid, known: Known) -> Iterator[Instance]:
    """Yield those mined in the answers at the last checkpoint, where the config asks for them."""
    section, checkpoints = grid.study.config.patterns, grid.study.config.checkpoints
    first = checkpoints[0] if section.checkpoint is None else section.checkpoint
    if section.also_last and first != checkpoints[-1]:
        yield from _mined(grid, checkpoints[-1], "last")


def _mined(grid: Grid, checkpoint: int, last: str) -> Iterator[Instance]:
    """Yield a pair of files per model, persona and benchmark, all conditions in it: persona against its baseline."""
    study, section = grid.study, grid.study.config.patterns
    wanted = section.benchmarks if section.benchmarks is not None else tuple(study.config.benchmarks)
    if not study.config.personas.baseline:
        return
    responses: dict[tuple[str, str, str, str | None], list[str]] = defaultdict(list)
    for cell in grid.cells:
        if cell.stage == "responses":
            responses[cell.track.model, cell.kind, cell.track.persona, cell.as_persona].append(cell.path)
    numbers = Counter[str]()
    places = {slug: number for number, slug in enumerate(study.config.benchmarks)}
    models = {slug: number for number, slug in enumerate(study.config.models)}
    # Benchmark by benchmark, so that a job reads a baseline once for all personas.
    in_order = sorted(responses.items(), key=lambda item: (models[item[0][0]], places[item[0][1]]))
    for (model, benchmark, persona, _), own in in_order:
        if persona == BASELINE or benchmark not in wanted:
            continue
        other = persona if study.persona_bound(benchmark) else None
        numbers[model] += 1
        # In a folder of its own: a benchmark may be called <benchmark>-last.
        name = f"{model}/{persona}/{benchmark}" + ("/last" if last else "")
        yield Instance(
            name,
            {"persona": own, "baseline": responses[model, benchmark, BASELINE, other]},
            {
                "model": model,
                "persona": persona,
                "benchmark": benchmark,
                "checkpoint": checkpoint,
                "fisher_p": section.fisher_p,
                "min_overlap": section.min_overlap,
                "max_minutes": section.max_minutes,
                "as_published": section.as_published,
            },
            identity=SCORING_RECIPE_VERSION,
            family="_".join(["mine", *([last] if last else []), model, f"{_job(numbers[model]):02d}"]),
        )


def _job(number: int) -> int:
    """Return which job of a model mines its mining of this number; both are counted from 1."""
    return 1 + (number - 1) // MINED_TOGETHER


def _declared(family: str, instances: Instances) -> Scored:
    return Scored(
        family=family,
        instances=instances,
        module=__name__,
        stage="patterns",
        write=mine_patterns,
        paths=("patterns/{}-patterns.parquet", "patterns/{}-counts.parquet"),
    )


PATTERNS = _declared("patterns", _patterns)
LAST_PATTERNS = _declared("last_patterns", _last_patterns)
