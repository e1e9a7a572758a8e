"""Mine and count the patterns of one model, persona and benchmark, each condition by itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from personas.config.personas import BASELINE
from personas.core.parquet import read_table, write_table
from personas.engines.request import WITH_TEXT
from personas.plan.frozen import FrozenPlan
from personas.prompts.scoring_recipe import RECIPE_KEY, SCORING_RECIPE_VERSION
from personas.prompts.thinking import strip_thinking
from personas.requests.projection import read_description
from personas.scoring.patterns.count import count_patterns
from personas.scoring.patterns.mine import Mined, mine
from personas.scoring.patterns.tokens import tokenize

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


def mine_patterns(frozen: FrozenPlan, output: str) -> None:
    """Write the patterns (`output`) and the counts by checkpoint of the artefact that `output` belongs to."""
    artefact = frozen.artefact(output)
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
