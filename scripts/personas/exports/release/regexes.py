"""The regular expressions by which the study read its judges' texts, as they are: to compare ours with them.

First match anywhere counts. They know no word boundary (`Result: Both` reads as B), span line ends, check no range,
and keep the case; the study then drew A or B at random where nothing matched, and stopped at other gaps.
"""

import re
from dataclasses import dataclass
from typing import Literal

from personas.config.judges import Form
from personas.prompts.judge.rubrics import Scale

_RESULT = {
    "likert": re.compile(r"\*\*Result:\*\*\s+(\d+)", re.IGNORECASE),
    "pairwise": re.compile(r"\*\*Result:\*\*\s+(a|b)", re.IGNORECASE),
    "yes-no": re.compile(r"\*\*Result:\*\*\s+(yes|no)", re.IGNORECASE),
}
_SCORE = re.compile(r"<score>\n*(\d+)\n*</score>", re.IGNORECASE)
_FALLBACK = re.compile(r"score of (\d)")
"""Of ratings of utterances only."""
_AS_WRITTEN = {"pairwise": frozenset({"A", "B"}), "yes-no": frozenset({"Yes", "No"})}
"""What the study's scripts look up; in another case they stop."""

How = Literal["pattern", "fallback", "drawn at random", "stopped"]


@dataclass(frozen=True)
class Reading:
    """What the study read: the captured text (None: nothing), and how it went on from there."""

    verdict: str | None
    how: How


def study_reading(form: Form, scale: Scale, text: str, is_utterance: bool) -> Reading:
    """Return what the study's scripts read out of a judge's text."""
    pattern = _SCORE if form == "feedback-score" else _RESULT[scale]
    match = pattern.search(text)
    if match:
        labels = _AS_WRITTEN.get(scale)
        return Reading(match[1], "stopped" if labels and match[1] not in labels else "pattern")
    fallback = _FALLBACK.search(text) if is_utterance else None
    if fallback:
        return Reading(fallback[1], "fallback")
    return Reading(None, "drawn at random" if scale == "pairwise" else "stopped")
