"""Do the baseline's answers belong to the questions that they are put with? Their words tell, and nothing else does.

The release does not say in which order the baseline was asked the questions of all personas, and each set has one of
its own. Answers take up words of their question, so an order that is wrong shows: the other one fits better.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

_WORD = re.compile(r"[^\W\d_]{4,}")
LOOK_AT = "release.baseline_order"
MARGIN = 0.05
"""Share of words by which the other order must fit better before it is told; chance makes no such difference."""


class Fit:
    """Two layouts of the same answers. `ours` and `other` are ids by place, of equal length; `prompts` are by id."""

    def __init__(self, prompts: Mapping[str, str], ours: Sequence[str], other: Sequence[str]) -> None:
        words = {item: _words(prompt) for item, prompt in prompts.items()}
        pairs = enumerate(zip(ours, other, strict=True))
        self._asked = [(place, words[one], words[two]) for place, (one, two) in pairs if one != two]

    def shares(self, files: Iterable[Sequence[str | None]]) -> tuple[float, float] | None:
        """Return which share of their questions' words the answers of files, by place, hold in both layouts.

        None where nothing tells, because there is no text.
        """
        pairs = ((answers[place], one, two) for answers in files for place, one, two in self._asked)
        word_sets = [(_words(answer), one, two) for answer, one, two in pairs if answer]
        here = _mean(_share(one, words) for words, one, _ in word_sets)
        there = _mean(_share(two, words) for words, _, two in word_sets)
        return None if here is None or there is None else (here, there)

    def note(self, answers: Sequence[str | None]) -> str | None:
        """Return a note if answers, by place, fit the other layout better than ours; None if they do not."""
        here, there = self.shares([answers]) or (0.0, 0.0)
        if there - here <= MARGIN:
            return None
        return (
            f"its answers hold {here:.0%} of the words of their questions, and {there:.0%} in the other order; "
            f"look at {LOOK_AT}"
        )

    def doubt(self, files: Iterable[Sequence[str | None]]) -> str | None:
        """Return a note if answers fit neither layout better than the other; None if the words decide."""
        shares = self.shares(files)
        if shares is not None and abs(shares[0] - shares[1]) > MARGIN:
            return None
        evidence = "there are none" if shares is None else f"{shares[0]:.0%} and {shares[1]:.0%} of them are held"
        return (
            "the words of its answers do not tell which order of the questions they follow "
            f"({evidence}), so it is the usual one; look at {LOOK_AT}"
        )


def _mean(shares: Iterable[float | None]) -> float | None:
    values = [share for share in shares if share is not None]
    return sum(values) / len(values) if values else None


def _share(question: frozenset[str], answer: frozenset[str]) -> float | None:
    return len(question & answer) / len(question) if question else None


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
