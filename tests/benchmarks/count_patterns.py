"""Counting patterns, sparse and one by one, side by side: `uv run python -m tests.benchmarks.count_patterns`.

Draws documents and patterns of the study's size (10 checkpoints of 294 answers of 150 tokens, 200 patterns), checks
that both ways count the same, and prints the median seconds of each over the repeats (in turn), and the ratio.
Not a test: it asserts nothing about time, and pytest does not collect it.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from scripts.patterns.count import Clauses, count_patterns

WORDS = 8000
Groups = Sequence[Sequence[Iterable[str]]]


def one_by_one(groups: Groups, patterns: Sequence[Clauses]) -> list[list[int]]:
    """Count by the definition, as the study does: every pattern against every document's set of tokens."""
    sets = [[frozenset(document) for document in group] for group in groups]
    return [[sum(_holds(document, pattern) for document in group) for pattern in patterns] for group in sets]


def _holds(document: frozenset[str], pattern: Clauses) -> bool:
    return all(any(token in document for token in clause) for clause in pattern)


def draw(checkpoints: int, documents: int, tokens: int, patterns: int, seed: int = 1) -> tuple[Groups, list[Clauses]]:
    """Documents of words that are as frequent as 1 / rank (Zipf), and patterns of 1 to 4 of the 500 commonest."""
    rng = random.Random(seed)
    words = [f"word{rank}" for rank in range(WORDS)]
    weights = list(accumulate(1 / (rank + 1) for rank in range(WORDS)))
    groups = [
        [rng.choices(words, cum_weights=weights, k=tokens) for _ in range(documents)] for _ in range(checkpoints)
    ]
    return groups, [tuple((word,) for word in rng.sample(words[:500], k=rng.randint(1, 4))) for _ in range(patterns)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name, default in (
        ("checkpoints", 10),
        ("documents", 294),
        ("tokens", 150),
        ("patterns", 200),
        ("repeats", 7),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"(default: {default})")
    given = parser.parse_args(arguments)
    groups, patterns = draw(given.checkpoints, given.documents, given.tokens, given.patterns)
    if count_patterns(groups, patterns).tolist() != one_by_one(groups, patterns):  # also imports scipy before we time
        raise SystemExit("the two ways count differently")
    sparse, single = [], []
    for _ in range(given.repeats):
        sparse.append(_seconds(lambda: count_patterns(groups, patterns)))
        single.append(_seconds(lambda: one_by_one(groups, patterns)))
    a, b = statistics.median(sparse), statistics.median(single)
    print(f"sparse products {a:.4f} s, one by one {b:.4f} s, ratio {b / a:.1f} (medians of {given.repeats})")


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
