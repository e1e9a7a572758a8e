"""Mining natural vocabulary with and without the tokens that can stand in no pattern, in turn.

    uv run python -m tests.benchmarks.rare_tokens [--documents N] [--tokens N] [--words N] [--seeds N]

Draws two groups of answers with as many words as a natural text has (Zipf), single words and pairs of words that one
group says more often, some by little. Prints for each seed the seconds of both, how many patterns both found, how
many only one, and the largest difference of a gain in bits. It asserts nothing about time.
"""

import argparse
import random
import time
from collections.abc import Sequence
from itertools import accumulate

from personas.scoring.patterns import mine as mining
from personas.scoring.patterns.mine import MiningResult, mine

Singles = Sequence[tuple[str, float]]
Pairs = Sequence[tuple[str, str, float, float]]


def draw(rng: random.Random, documents: int, tokens: int, words: int, singles: Singles, pairs: Pairs) -> list[str]:
    """Return texts; a word or pair is added to the share of them that stands with it.

    Of a pair the second word comes along with the last of its numbers as probability, and sometimes alone.
    """
    known = [f"w{rank}" for rank in range(words)]
    weights = list(accumulate(1 / (rank + 1) for rank in range(words)))
    found = []
    for _ in range(documents):
        length = max(5, int(rng.lognormvariate(0, 0.5) * tokens))
        said = rng.choices(known, cum_weights=weights, k=length)
        said += [word for word, share in singles if rng.random() < share]
        for one, other, share, together in pairs:
            if rng.random() < share:
                said += [one, other] if rng.random() < together else [one]
            elif rng.random() < share * (1 - together):
                said.append(other)
        found.append(" ".join(said))
    return found


def corpus(seed: int, documents: int, tokens: int, words: int, planted: int = 60) -> tuple[list[str], list[str]]:
    """Return the answers of a persona and of its baseline, which says what is planted 10 to 100 % as often."""
    rng = random.Random(seed)
    singles = [(f"s{number}", rng.uniform(0.01, 0.2)) for number in range(planted)]
    pairs = [(f"p{n}", f"q{n}", rng.uniform(0.03, 0.2), rng.uniform(0.2, 0.9)) for n in range(planted)]
    less_singles = [(word, share * rng.uniform(0.1, 1)) for word, share in singles]
    less_pairs = [(one, other, share * rng.uniform(0.1, 1), both) for one, other, share, both in pairs]
    persona = draw(rng, documents, tokens, words, singles, pairs)
    return persona, draw(rng, documents, tokens, words, less_singles, less_pairs)


def with_all_tokens(persona: Sequence[str], baseline: Sequence[str]) -> MiningResult:
    """Mine, and leave nothing out."""
    before, mining.MANY_TOKENS = mining.MANY_TOKENS, 10**9
    try:
        return mine(persona, baseline)
    finally:
        mining.MANY_TOKENS = before


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name, default in {"documents": 300, "tokens": 150, "words": 15000, "seeds": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"(default: {default})")
    given = parser.parse_args()
    mine(["a b"], ["b c"])  # loads the tokenizer before the clock runs
    for seed in range(given.seeds):
        texts = corpus(seed, given.documents, given.tokens, given.words)
        began = time.perf_counter()
        few = mine(*texts)
        between = time.perf_counter()
        every = with_all_tokens(*texts)
        seconds = between - began, time.perf_counter() - between
        gains = [{pattern.clauses: pattern.mdl_gain for pattern in mined.patterns} for mined in (few, every)]
        both = gains[0].keys() & gains[1].keys()
        apart = max((abs(gains[0][one] - gains[1][one]) for one in both), default=0.0)
        print(
            f"seed {seed}: {seconds[0]:6.2f} s, with all tokens {seconds[1]:6.2f} s; {len(both)} patterns of both, "
            f"{len(gains[0]) - len(both)} and {len(gains[1]) - len(both)} of one; {apart:.2f} bits apart at most",
            flush=True,
        )


if __name__ == "__main__":
    main()
