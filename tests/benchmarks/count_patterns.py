"""Count patterns here and as the study does, in turn.

    uv run python -m tests.benchmarks.count_patterns

Draws answers of the study's size: for each of 5 benchmarks 8 personas and the baseline, at 10 checkpoints, 300
answers of 300 tokens each. A persona is mined twice (its first answers and its last), 200 patterns each, which are
counted in its answers and in the baseline's. Here the tokens of a cell are read into a sparse matrix once; the
study makes a set of each document and looks every pattern up in it. Checks that both count the same, and prints the
median seconds and the median ratio over the benchmarks. It asserts nothing about time.
"""

import argparse
import random
import statistics
import time
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import TypeVar

from personas.scoring.patterns.count import Clauses, Documents, count_patterns

WORDS = 15000
Groups = Sequence[Sequence[Collection[str]]]
Counts = list[list[list[int]]]
T = TypeVar("T")


def with_sets(groups: Groups, patterns: Sequence[Clauses]) -> list[list[int]]:
    """Count as the study does: every pattern against every document's set of tokens."""
    sets = [[frozenset(document) for document in group] for group in groups]
    return [[sum(_holds(document, pattern) for document in group) for pattern in patterns] for group in sets]


def _holds(document: Collection[str], pattern: Clauses) -> bool:
    return all(any(token in document for token in clause) for clause in pattern)


def as_the_study(personas: Sequence[Groups], baseline: Groups, mined: Sequence[Sequence[Clauses]]) -> Counts:
    """Count each mining of each persona in its answers and in the baseline's."""
    return [
        counted
        for own, patterns in zip(_twice(personas), mined, strict=True)
        for counted in (with_sets(own, patterns), with_sets(baseline, patterns))
    ]


def with_matrices(personas: Sequence[Groups], baseline: Groups, mined: Sequence[Sequence[Clauses]]) -> Counts:
    """Do the same with the documents of each speaker read once."""
    read = [Documents(own) for own in personas]
    shared = Documents(baseline)
    return [
        counted
        for own, patterns in zip(_twice(read), mined, strict=True)
        for counted in (own.count(patterns).tolist(), shared.count(patterns).tolist())
    ]


def _twice(things: Sequence[T]) -> list[T]:
    return [thing for thing in things for _ in "ab"]


def draw(rng: random.Random, checkpoints: int, documents: int, tokens: int) -> Groups:
    """Documents of words that are as frequent as 1 / rank (Zipf)."""
    words = [f"word{rank}" for rank in range(WORDS)]
    weights = list(accumulate(1 / (rank + 1) for rank in range(WORDS)))
    return [[rng.choices(words, cum_weights=weights, k=tokens) for _ in range(documents)] for _ in range(checkpoints)]


def draw_patterns(rng: random.Random, patterns: int) -> list[Clauses]:
    """Patterns of one to four of the 500 commonest words."""
    return [tuple((f"word{rank}",) for rank in rng.sample(range(500), k=rng.randint(1, 4))) for _ in range(patterns)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    sizes = {"personas": 8, "benchmarks": 5, "checkpoints": 10, "documents": 300, "tokens": 300, "patterns": 200}
    for name, default in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"(default: {default})")
    given = parser.parse_args(arguments)
    reading: list[float] = []
    seconds: dict[str, list[float]] = {"matrices": [], "as the study": []}
    count_patterns([[["a"]]], [(("a",),)])  # imports scipy before the clock runs
    for seed in range(given.benchmarks):
        rng = random.Random(seed)
        *personas, baseline = (
            draw(rng, given.checkpoints, given.documents, given.tokens) for _ in range(given.personas + 1)
        )
        mined = [draw_patterns(rng, given.patterns) for _ in range(2 * given.personas)]
        counts = []
        for way, count in zip(seconds, (with_matrices, as_the_study), strict=True):
            started = time.perf_counter()
            counts.append(count(personas, baseline, mined))
            seconds[way].append(time.perf_counter() - started)
        started = time.perf_counter()
        _ = [Documents(groups) for groups in (*personas, baseline)]
        reading.append(time.perf_counter() - started)
        if counts[0] != counts[1]:
            raise SystemExit("the ways count differently")
    for way, taken in seconds.items():
        ratio = statistics.median(b / a for a, b in zip(seconds["matrices"], taken, strict=True))
        print(f"{way:14} median {statistics.median(taken):8.2f} s, in all {sum(taken):8.1f} s, ratio {ratio:6.1f}")
    counting = [a - b for a, b in zip(seconds["matrices"], reading, strict=True)]
    ratio = statistics.median(b / a for a, b in zip(counting, seconds["as the study"], strict=True))
    print(f"of the matrices reading took {statistics.median(reading):.2f} s; without it the ratio is {ratio:.1f}")


if __name__ == "__main__":
    main()
