"""Which of two answers stands first, and what a verdict then means for the model.

The study alternates by the parity of an item's index. Parity is a function of the item, so whatever a judge prefers
by position is confounded with the items. A seeded order is no function of the items' numbers, and asking in both
orders parts position from item altogether.
"""

import hashlib

from personas.config.judges import Judge


def reference_first(index: int) -> bool:
    """Tell whether the reference is A: for even indices. `index` counts from 0 in the list of the persona's items."""
    return index % 2 == 0


def orders_of(judge: Judge, index: int, item: str) -> tuple[bool, ...]:
    """Return, for each time that a judge compares an answer to an item, whether the reference is A."""
    if judge.pairs == "both":
        return (True, False)
    if judge.pairs == "seeded":
        return (hashlib.sha256(f"{judge.pair_seed}\n{item}".encode()).digest()[0] % 2 == 0,)
    return (reference_first(index),)


def in_order(reference: str, answer: str, first: bool) -> tuple[str, str]:
    """Return answers A and B; `first`: the reference is A."""
    return (reference, answer) if first else (answer, reference)


def win(label: str, first: bool) -> float:
    """Return 1.0 if the model's answer won and 0.0 if the reference did; `label` is A or B, `first` as above."""
    if label not in ("A", "B"):
        raise ValueError(f"found label {label!r}, expected A or B")
    return float((label == "B") == first)
