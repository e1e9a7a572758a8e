"""Do the baseline's answers belong to the questions that they are put with? Their words tell, and nothing else does.

The release does not say in which order the baseline was asked the questions of all personas. Answers take up words of
their question, so an order that is wrong shows: the other one fits better.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

_WORD = re.compile(r"[^\W\d_]{4,}")
MARGIN = 0.05
"""Share of words by which the other order must fit better before it is told; chance makes no such difference."""


class Fit:
    """Two layouts of the same answers. `ours` and `other` are ids by place, of equal length; `prompts` are by id."""

    def __init__(self, prompts: Mapping[str, str], ours: Sequence[str], other: Sequence[str]) -> None:
        words = {item: _words(prompt) for item, prompt in prompts.items()}
        pairs = enumerate(zip(ours, other, strict=True))
        self._asked = [(place, words[one], words[two]) for place, (one, two) in pairs if one != two]

    def note(self, answers: Sequence[str | None]) -> str | None:
        """Return a note if answers, by place, fit the other layout better than ours; None if they do not."""
        said = [(_words(answers[place] or ""), one, two) for place, one, two in self._asked]
        here = _mean(_share(one, words) for words, one, _ in said)
        there = _mean(_share(two, words) for words, _, two in said)
        if here is None or there is None or there - here <= MARGIN:
            return None
        return (
            f"its answers hold {here:.0%} of the words of their questions, and {there:.0%} in the other order; "
            "look at release.baseline_order"
        )


def _mean(shares: Iterable[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else None


def _share(asked: frozenset[str], said: frozenset[str]) -> float | None:
    return len(asked & said) / len(asked) if asked else None


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
