"""Cross-fitting: patterns are mined in the answers to one half of the items and counted in those to the other.

Counted where they were mined, patterns look commoner there than they are: the search chose them for it. Then a rate
that never changes seems to fall after the checkpoint at which it was mined. (The split of V. Chernozhukov et al.,
Double/debiased machine learning, The Econometrics Journal 21, 2018, without a model.)
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence

from personas.scoring.patterns.mine import MiningResult

HALVES = ("first", "second")
WHOLE = ""
"""Names of what patterns were mined in: a half of the items, or all of them."""


def second_half(items: Collection[str]) -> frozenset[str]:
    """Return the items of the second half: every other one, by a hash of their ids. Of one item, none."""
    return frozenset(sorted(items, key=lambda item: hashlib.sha256(item.encode()).digest())[1::2])


def held_out(
    mined: MiningResult,
    hits: Mapping[tuple[int, str], Sequence[int]],
    sizes: Mapping[tuple[int, str], int],
    mined_at: int,
) -> list[dict[str, float]]:
    """Return `p_held_out` and `q_held_out` of each pattern, by the answers in which it was not mined.

    p: Fisher's exact test, one-sided, that the group whose pattern it is holds it more often than the other, at the
    checkpoint at which it was mined. q: p by Benjamini-Hochberg over the patterns of this mining, which are as many
    as are tested. Without answers p is 1. `hits`: answers that hold each pattern, by checkpoint and speaker; `sizes`:
    how many there are.
    """
    from scipy.stats import false_discovery_control, hypergeom  # a second to load: only for who mines

    if not mined.patterns:
        return []
    total = sum(sizes[mined_at, speaker] for speaker in ("persona", "baseline"))
    p_values = []
    for number, pattern in enumerate(mined.patterns):
        all_hits = sum(hits[mined_at, speaker][number] for speaker in ("persona", "baseline"))
        own_hits = hits[mined_at, pattern.group][number]
        p = hypergeom.sf(own_hits - 1, total, all_hits, sizes[mined_at, pattern.group]) if total else 1.0
        p_values.append(min(float(p), 1.0))
    q_values = false_discovery_control(p_values)
    return [{"p_held_out": p, "q_held_out": float(q)} for p, q in zip(p_values, q_values, strict=True)]
