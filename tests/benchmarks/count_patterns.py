"""Counting patterns, sparse and one by one, side by side: `uv run python -m tests.benchmarks.count_patterns`.

Draws documents and patterns of the study's size: for each of 9 personas and 5 benchmarks, 10 checkpoints of 300
answers of 300 tokens, and 200 patterns (the ratios grow with their number). Counts each persona and benchmark in
three ways: by sparse products; by the definition taken literally (every token of a pattern is looked for in the list
of tokens of every document); and with each document made a set first, as the study does. Checks that all count the
same, and prints the medians of the seconds and of the ratios over these 45. It asserts nothing about time.
"""

import argparse
import random
import statistics
import time
from collections.abc import Collection, Sequence
from itertools import accumulate

from personas.scoring.patterns.count import Clauses, count_patterns

WORDS = 8000
Groups = Sequence[Sequence[Collection[str]]]


def literally(groups: Groups, patterns: Sequence[Clauses]) -> list[list[int]]:
    """Count by the definition: every pattern against every document's list of tokens."""
    return [[sum(_holds(document, pattern) for document in group) for pattern in patterns] for group in groups]


def with_sets(groups: Groups, patterns: Sequence[Clauses]) -> list[list[int]]:
    """Count as the study does: every pattern against every document's set of tokens."""
    return literally([[frozenset(document) for document in group] for group in groups], patterns)


def _holds(document: Collection[str], pattern: Clauses) -> bool:
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
    sizes = {"personas": 9, "benchmarks": 5, "checkpoints": 10, "documents": 300, "tokens": 300, "patterns": 200}
    for name, default in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"(default: {default})")
    given = parser.parse_args(arguments)
    ways = {"sparse products": _sparse, "literally": literally, "with sets": with_sets}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    _sparse([[["a"]]], [(("a",),)])  # imports scipy before the clock runs
    for seed in range(given.personas * given.benchmarks):
        groups, patterns = draw(given.checkpoints, given.documents, given.tokens, given.patterns, seed)
        counts = []
        for way, count in ways.items():
            started = time.perf_counter()
            counts.append(count(groups, patterns))
            seconds[way].append(time.perf_counter() - started)
        if any(found != counts[0] for found in counts):
            raise SystemExit("the ways count differently")
    for way, taken in seconds.items():
        ratio = statistics.median(b / a for a, b in zip(seconds["sparse products"], taken, strict=True))
        print(f"{way:16} median {statistics.median(taken):8.4f} s, in all {sum(taken):8.1f} s, ratio {ratio:6.1f}")


def _sparse(groups: Groups, patterns: Sequence[Clauses]) -> list[list[int]]:
    return [list(row) for row in count_patterns(groups, patterns).tolist()]


if __name__ == "__main__":
    main()
