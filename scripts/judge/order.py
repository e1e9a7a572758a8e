"""Which of two answers stands first, and what a verdict then means for the model.

The study alternates by the parity of an item's index. Parity is a function of the item, so whatever a judge prefers
by position is confounded with the items; asking in both orders (`not reference_first(index)`) parts the two.
"""


def reference_first(index: int) -> bool:
    """Tell whether the reference is A: for even indices. `index` counts from 0 in the list of the persona's items."""
    return index % 2 == 0


def in_order(reference: str, answer: str, first: bool) -> tuple[str, str]:
    """Return answers A and B; `first`: the reference is A."""
    return (reference, answer) if first else (answer, reference)


def win(label: str, first: bool) -> float:
    """Return 1.0 if the model's answer won and 0.0 if the reference did; `label` is A or B, `first` as above."""
    if label not in ("A", "B"):
        raise ValueError(f"found label {label!r}, expected A or B")
    return float((label == "B") == first)
