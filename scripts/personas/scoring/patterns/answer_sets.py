"""What was said in a cell, as tokens, for mining and counting."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from personas.config.personas import BASELINE
from personas.core.parquet import read_table
from personas.engines.request import WITH_TEXT
from personas.prompts.thinking import strip_thinking
from personas.requests.projection import read_description
from personas.scoring.patterns.count import Documents
from personas.scoring.patterns.halves import HALVES
from personas.scoring.patterns.tokens import Tokens, tokenize


@dataclass(frozen=True)
class AnswerSet:
    """The answers of one cell that have a text, as tokens: by half of the items and checkpoint, and for counting.

    Where patterns are not cross-fitted, all items are one half.
    """

    condition: str
    speaker: str
    tokens: Sequence[Mapping[int, Sequence[Tokens]]]
    documents: Sequence[Documents]


def tokens_of(cells: Sequence[AnswerSet], speaker: str, half: int, checkpoint: int) -> list[Tokens]:
    """Return the answers of a speaker at a checkpoint to one half of the items, as tokens."""
    return [tokens for cell in cells if cell.speaker == speaker for tokens in cell.tokens[half][checkpoint]]


@lru_cache(maxsize=64)  # a baseline is mined with every persona, and a first answer also counts for the last ones
def answer_set_of(
    path: Path, checkpoints: tuple[int, ...], with_space: bool, second: frozenset[str] | None
) -> AnswerSet:
    """Read the answers of a cell; `second`: items of the second half, None where all are one.

    It tells of itself whose they are: to build the grid takes as long as to mine.
    """
    track = read_description(path)["track"]
    texts: list[dict[int, list[str]]] = [
        {c: [] for c in checkpoints} for _ in (HALVES if second is not None else " ")
    ]
    for checkpoint, item, text in answers(path):
        texts[item in (second or ())][checkpoint].append(text)
    tokens = [{c: tokenize(group, with_space=with_space) for c, group in half.items()} for half in texts]
    speaker = "baseline" if track["persona"] == BASELINE else "persona"
    return AnswerSet(track["condition"], speaker, tokens, [Documents(list(half.values())) for half in tokens])


def answers(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield checkpoint, item and text of each answer that has one, without its thinking."""
    for row in read_table(path, columns=["checkpoint", "item_id", "status", "answer"]).to_pylist():
        text = strip_thinking(row["answer"] or "")[0]
        if row["status"] in WITH_TEXT and text:  # nothing but thinking is no answer, and no document
            yield row["checkpoint"], row["item_id"], text


@lru_cache(maxsize=64)
def items_of(path: Path) -> frozenset[str]:
    """Return the ids of the items of a cell."""
    return frozenset(read_table(path, columns=["item_id"])["item_id"].to_pylist())
