"""Which items of a benchmark a limit leaves: a draw that every group takes part in, the same for everybody."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from personas.benchmarks.base import Item


def draw(items: Sequence[Item], limit: int | None, groups: Sequence[str], seed: int) -> list[Item]:
    """Return at most `limit` of the items (None: all), in their order.

    `groups` name fields of `scoring`, the widest first. Of each group one item comes first, of the larger group
    before that of the smaller; further ones in proportion to the groups' sizes, and within a group alike for the
    groups of the next field. Among equals a hash of seed and id decides: so a draw is part of every larger one,
    personas that share items are asked the same ones, and the name of a group means nothing.
    """
    if limit is None or limit >= len(items):
        return list(items)
    ids = {id(item) for item in _order(items, groups, seed)[:limit]}
    return [item for item in items if id(item) in ids]


def _order(items: Sequence[Item], groups: Sequence[str], seed: int) -> list[Item]:
    if not groups:
        return sorted(items, key=lambda item: _hash(item.id, seed))
    parts = defaultdict[str, list[Item]](list)
    for item in items:
        parts[str(item.scoring.get(groups[0]))].append(item)
    ranks = {
        id(item): (number / len(part), -len(part), _hash(item.id, seed))
        for part in parts.values()
        for number, item in enumerate(_order(part, groups[1:], seed))
    }
    return sorted(items, key=lambda item: ranks[id(item)])


def _hash(text: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
