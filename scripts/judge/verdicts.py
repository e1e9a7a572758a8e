"""Verdicts: what is read out of a judge's text. Strict on purpose: what is unclear has a status, never a guess.

In every form the last verdict counts, and is only then checked: an invalid one never gives way to an earlier one.
"""

import re
from dataclasses import dataclass
from typing import Literal

from scripts.config.judges import Form
from scripts.judge.forms import FORM_RULES, NoVerdict
from scripts.judge.rubrics import Scale
from scripts.prompts.thinking import strip_thinking

_SHOWN = 60
"""Characters of a wrong verdict that `detail` quotes."""

_BINARY = {"1": "yes", "0": "no"}
_EXPECTED: dict[Scale, str] = {"likert": "a whole number from 1 to 5", "yes-no": "yes or no", "pairwise": "A or B"}


@dataclass(frozen=True)
class Verdict:
    """What a judge decided.

    likert: `value` 1.0 to 5.0 and no label. yes-no: `label` yes or no, and `value` 1.0 for yes, 0.0 for no.
    pairwise: `label` A or B and no value, because what a win is depends on the order (`order.win`).
    judge_unparsed: neither, and `detail` says what was found.
    """

    status: Literal["ok", "judge_unparsed"]
    value: float | None = None
    label: str | None = None
    detail: str | None = None


def parse(form: Form, scale: Scale, text: str | None, *, binary: bool = False) -> Verdict:
    """Read the verdict out of a judge's whole text; whatever the text, this raises nothing.

    `binary`: the judge was asked for 1 instead of yes and 0 instead of no, so nothing else is read as one.
    A text that was cut off (status `truncated`) can end in the middle of a number: callers decide on it first.
    """
    said = strip_thinking(text or "")[0]
    if not said.strip():
        return Verdict("judge_unparsed", detail="nothing but thinking" if text and text.strip() else "no text")
    rules = FORM_RULES[form]
    try:
        found = rules.find(said)
    except NoVerdict as reason:
        return Verdict("judge_unparsed", detail=str(reason))
    if binary and scale == "yes-no":
        return _verdict(scale, _BINARY[found]) if found in _BINARY else _rejected("0 or 1", found)
    match = re.fullmatch(rules.patterns[scale], found, re.IGNORECASE | re.ASCII)
    return _verdict(scale, match[1]) if match else _rejected(_EXPECTED[scale], found)


def _verdict(scale: Scale, written: str) -> Verdict:
    if scale == "likert":
        return Verdict("ok", value=float(written))
    if scale == "yes-no":
        return Verdict("ok", value=float(written.lower() == "yes"), label=written.lower())
    return Verdict("ok", label=written.upper())


def _rejected(expected: str, found: str) -> Verdict:
    # Through ASCII, because half a surrogate pair in a judge's text could not be written to a file.
    shown = found[:_SHOWN].encode("ascii", "backslashreplace").decode() + ("..." if len(found) > _SHOWN else "")
    return Verdict("judge_unparsed", detail=f"the verdict is {shown!r}, expected {expected}")
