"""Do the baseline's answers belong to the questions that they are put with? Their words tell, and nothing else does.

The release does not say in which order the baseline was asked the questions of all personas. Answers take up words of
their question, so an order that is wrong shows: the other one fits better.
"""

import re
from collections.abc import Mapping, Sequence

_WORD = re.compile(r"[^\W\d_]{4,}")
MARGIN = 0.05
"""Share of words by which the other order must fit better before it is told; chance makes no such difference."""


def better_fit(
    prompts: Mapping[str, str], answers: Sequence[str | None], ours: Sequence[str], other: Sequence[str]
) -> str | None:
    """Return a note if answers fit the items of another layout better than those of ours; None if they do not.

    `ours` and `other` are ids of items by place, of equal length; `prompts` are by id.
    """
    places = [place for place, (one, two) in enumerate(zip(ours, other, strict=True)) if one != two]
    here, there = (_fit(prompts, answers, layout, places) for layout in (ours, other))
    if here is None or there is None or there - here <= MARGIN:
        return None
    return (
        f"its answers hold {here:.0%} of the words of their questions, and {there:.0%} in the other order; "
        "look at release.baseline_order"
    )


def _fit(
    prompts: Mapping[str, str], answers: Sequence[str | None], layout: Sequence[str], places: Sequence[int]
) -> float | None:
    shares = [_share(prompts[layout[place]], answers[place] or "") for place in places]
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else None


def _share(question: str, answer: str) -> float | None:
    words = set(_WORD.findall(question.lower()))
    return len(words & set(_WORD.findall(answer.lower()))) / len(words) if words else None
