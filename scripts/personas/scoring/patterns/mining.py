"""Mine and count the patterns of one model, persona and benchmark, each condition by itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

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
from personas.scoring.patterns.count import count_patterns
from personas.scoring.patterns.mine import Mined, mine
from personas.scoring.patterns.tokens import tokenize
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

Texts = Mapping[int, Mapping[str, Sequence[str]]]
"""Checkpoint -> speaker -> answers."""


def mine_patterns(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write the patterns of an artefact, and their counts by checkpoint."""
    spec = artefact.spec
    as_published = spec.get("as_published", False)
    patterns: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    for condition, texts in _texts(frozen, artefact.inputs).items():
        where = {"model": spec["model"], "persona": spec["persona"], "benchmark": spec["benchmark"]}
        where |= {"condition": condition, "mined_at": spec["checkpoint"]}
        mined = mine(
            texts[spec["checkpoint"]]["persona"],
            texts[spec["checkpoint"]]["baseline"],
            fisher_p=spec["fisher_p"],
            min_overlap=spec["min_overlap"],
            timeout=60 * spec["max_minutes"],
            as_published=as_published,
        )
        of_patterns, of_counts = count(mined, texts, where, with_space=as_published)
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
    mined: Mined, texts: Texts, where: Mapping[str, Any], *, with_space: bool
) -> tuple[Iterable[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows of patterns and of counts, each by checkpoint; `with_space`: tokens as `mine` found them."""
    places = [(checkpoint, speaker) for checkpoint in sorted(texts) for speaker in SPEAKERS]
    documents = [tokenize(texts[checkpoint][speaker], with_space=with_space) for checkpoint, speaker in places]
    held = count_patterns(documents, [pattern.clauses for pattern in mined.patterns])
    by_place = dict(zip(places, held.tolist(), strict=True))
    counts = []
    for group in SPEAKERS:
        own = [number for number, pattern in enumerate(mined.patterns) if pattern.group == group]
        for (checkpoint, speaker), tokens in zip(places, documents, strict=True):
            counts.append(
                {
                    **where,
                    "mining": mined.status,
                    "checkpoint": checkpoint,
                    "pattern_group": group,
                    "speaker": speaker,
                    "n_patterns": len(own),
                    "n_documents": len(tokens),
                    "n_hits": sum(by_place[checkpoint, speaker][number] for number in own),
                }
            )
    return _pattern_rows(mined, by_place, sorted(texts), where), counts


def _pattern_rows(
    mined: Mined, held: Mapping[tuple[int, str], Sequence[int]], checkpoints: Sequence[int], where: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for number, pattern in enumerate(mined.patterns):
        told = {"pattern_group": pattern.group, "p_value": pattern.p_value, "mdl_gain": pattern.mdl_gain}
        for checkpoint in checkpoints:
            counted = {f"n_{speaker}": held[checkpoint, speaker][number] for speaker in SPEAKERS}
            clauses = [list(clause) for clause in pattern.clauses]
            yield {**where, **told, "pattern": clauses, "checkpoint": checkpoint, **counted}


def _texts(frozen: FrozenPlan, paths: Iterable[str]) -> dict[str, Texts]:
    """Return the answers that have a text, by condition, checkpoint and speaker; orders and replicates together.

    Files tell of themselves whose they are: to build the grid would take as long as to mine.
    """
    found: dict[str, dict[int, dict[str, list[str]]]] = defaultdict(
        lambda: {checkpoint: {speaker: [] for speaker in SPEAKERS} for checkpoint in frozen.study.config.checkpoints}
    )
    for path in paths:
        track = read_description(frozen.results / path)["track"]
        speaker = "baseline" if track["persona"] == BASELINE else "persona"
        for checkpoint, text in _answers(frozen.results / path):
            found[track["condition"]][checkpoint][speaker].append(text)
    return dict(found)


def _answers(path: Path) -> Iterator[tuple[int, str]]:
    for row in read_table(path, columns=["checkpoint", "status", "answer"]).to_pylist():
        said = strip_thinking(row["answer"] or "")[0]
        if row["status"] in WITH_TEXT and said:  # nothing but thinking is no answer, and no document
            yield row["checkpoint"], said


MINED_TOGETHER = 8
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
    for (model, benchmark, persona, _), own in responses.items():
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
