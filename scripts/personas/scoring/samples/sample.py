"""Draw texts for people to rate: evenly over strata, the same ones for the same seed."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Text:
    """A text that can be rated. `unit` names it, `same` is equal for texts that a rater could not tell apart.

    `fields` are the columns of the sample that an annotator sees.
    """

    unit: str
    same: tuple[str, ...]
    stratum: tuple[str, ...]
    fields: dict[str, str] = field(default_factory=dict)


def draw(texts: Iterable[Text], n: int, seed: int) -> list[Text]:
    """Return at most n texts: one from each stratum in turn, until there are enough or none is left.

    Texts that could not be told apart count once. Strata, and texts within one, are in an order by hash of the seed
    and their names, so the draw does not depend on the order of `texts`, and a larger n adds to a smaller one.
    """
    once: dict[tuple[str, ...], Text] = {}
    for text in texts:
        present = once.get(text.same)
        if present is None or text.unit < present.unit:
            once[text.same] = text
    strata: dict[tuple[str, ...], list[Text]] = defaultdict(list)
    for text in once.values():
        strata[text.stratum].append(text)
    order = sorted(strata, key=lambda stratum: _mark(seed, *stratum))
    queues = [sorted(strata[stratum], key=lambda text: _mark(seed, text.unit)) for stratum in order]
    longest = max(map(len, queues), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)][:n]


def third(place: int, places: int) -> int:
    """Return in which third (1 to 3) of so many places a place (from 0) lies."""
    return place * 3 // places + 1


def first_of_two(seed: int, unit: str) -> bool:
    """Tell whether the text that was judged stands first, where an annotator compares it with a reference."""
    return _mark(seed, "first", unit)[0] < "8"


def shuffle(texts: Sequence[Text], seed: int) -> list[Text]:
    """Return the texts in an order that does not show the strata."""
    return sorted(texts, key=lambda text: _mark(seed, "shown", text.unit))


def _mark(seed: int, *names: str) -> str:
    return hashlib.sha256("\n".join([str(seed), *names]).encode()).hexdigest()
