"""Verdicts: what is read out of a judge's text. Strict on purpose: what is unclear has a status, never a guess.

A verdict counts where the form wants one. Of several there the last must be clear, and all that are clear must be the
same: none of two is chosen.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from personas.config.judges import Form
from personas.prompts.judge.forms import CANNOT_TELL, FORM_RULES, MOST, NoVerdict, Statement, bare, rivals
from personas.prompts.judge.rubrics import Scale
from personas.prompts.thinking import strip_thinking

_SHOWN = 60
"""Characters of a wrong verdict that `detail` quotes."""

_BINARY = {"1": "yes", "0": "no"}
_EXPECTED: dict[Scale, str] = {"likert": "a whole number from 1 to 5", "yes-no": "yes or no", "pairwise": "A or B"}
_WRITTEN: Mapping[Scale, str] = {
    "likert": r"([1-5])(?:\s*/\s*5|\s+out\s+of\s+5)?",  # 3/5 says no less than 3; 3/10 is another scale
    "yes-no": r"(yes|no)",
    "pairwise": r"(?:(?:answer|response)\s+)?(A|B)",
}
_REMARK = r"(?:[*_`\"']*(?:\s*\((?P<aside>[^()]*)\)?|[,;:.!]\s+(?P<remark>.*)|\s+[–—-]+\s+(?P<more>.*)))?"
"""What may follow a verdict on its line: "4 (was 2)", "No, it does not", "B - closer to the role"."""
_PATTERNS: Mapping[Scale, re.Pattern[str]] = {
    scale: re.compile(written + _REMARK, re.IGNORECASE | re.ASCII | re.DOTALL) for scale, written in _WRITTEN.items()
}
_UNCLEAR: Mapping[Scale, re.Pattern[str]] = {
    "likert": re.compile(r"\d|\b(?:one|two|three|four|five)\b", re.IGNORECASE),
    "yes-no": re.compile(r"\b(?:yes|no)\b", re.IGNORECASE),
    "pairwise": re.compile(r"\b[AB]\b|\b(?:both|neither|either|tie|equal(?:ly)?)\b"),
}
"""What makes a remark more than one: it may say another verdict."""
_CANNOT_TELL = re.compile(r"(?:i )?can(?:not| not|['’]t) tell", re.IGNORECASE)
_HEDGES = re.compile(r"\b(?:or|wait|actually|second thoughts?|rather|instead|maybe|perhaps|unsure)\b", re.IGNORECASE)
_EARLIER = re.compile(
    r"\b(?:revised|changed|initially|originally|previously|formerly|was|from|not|instead of)\b", re.IGNORECASE
)
_END_OF_TURN = re.compile(r"</?s>|<\|[A-Za-z0-9_]{2,30}\|>|<end_of_turn>|<(?:eos|bos|pad)>|\[/?INST\]")


@dataclass(frozen=True)
class Verdict:
    """What a judge decided.

    likert: `value` 1.0 to 5.0 and no label. yes-no: `label` yes or no, and `value` 1.0 for yes, 0.0 for no.
    pairwise: `label` A or B and no value, because what a win is depends on the order (`order.win`).
    cannot_tell: neither; the judge may say so, and does.
    judge_unparsed: neither, and `detail` says what was found.
    """

    status: Literal["ok", "cannot_tell", "judge_unparsed"]
    value: float | None = None
    label: str | None = None
    detail: str | None = None


def parse(form: Form, scale: Scale, text: str | None, *, binary: bool = False, unsure: bool = False) -> Verdict:
    """Read the verdict out of a judge's whole text; whatever the text, this raises nothing.

    `binary`: the judge was asked for 1 instead of yes and 0 instead of no, so nothing else is read as one.
    `unsure`: the judge was told that it may say that it cannot tell; otherwise that is no verdict.
    A text that was cut off (status `truncated`) can end in the middle of a number: callers decide on it first.
    """
    answer = _without_end_of_turn(strip_thinking(text or "")[0])
    if not answer.strip():
        return _no_verdict("nothing but thinking" if text and text.strip() else "no text")
    try:
        statements = FORM_RULES[form](answer)
    except NoVerdict as reason:
        return _no_verdict(str(reason))
    if len(statements) > MOST:
        return _no_verdict(f"found more than {MOST} verdicts, expected one")
    counting = [one for one in statements if one.own] or statements
    readings = [_reading(form, scale, one, binary, unsure) for one in counting]
    if (last := counting[-1]).text is None:
        return _no_verdict(last.why)
    if readings[-1] is None:
        return _reject("0 or 1" if _is_binary(scale, binary) else _EXPECTED[scale], last.text)
    others = (_read(scale, rival, binary, unsure) for rival in rivals(answer, statements))
    verdicts = dict.fromkeys(reading for reading in (*readings, *others) if reading)
    if len(verdicts) > 1:
        return _no_verdict(f"found different verdicts: {', '.join(verdicts)}; expected one")
    return _verdict(scale, readings[-1])


def _without_end_of_turn(text: str) -> str:
    """Take off the marks that end a turn, which some servers leave in the text."""
    end = len(text)
    for mark in reversed(list(_END_OF_TURN.finditer(text))):
        if text[mark.end() : end].strip():
            break
        end = mark.start()
    return text[:end]


def _reading(form: Form, scale: Scale, statement: Statement, binary: bool, unsure: bool) -> str | None:
    """Return a verdict in its plain form (5, yes, A, cannot tell); None where it is none or not clear."""
    text = statement.text
    if text is None or form != "json":
        return None if text is None else _read(scale, text, binary, unsure)
    if unsure and text.startswith('"') and _read(scale, bare(json.loads(text)), binary, unsure) == CANNOT_TELL:
        return CANNOT_TELL
    if scale == "likert" or _is_binary(scale, binary):
        return text if re.fullmatch("[1-5]", text) else None
    return _read(scale, bare(json.loads(text)), binary, unsure) if text.startswith('"') else None


def _is_binary(scale: Scale, binary: bool) -> bool:
    return binary and scale == "yes-no"


def _read(scale: Scale, text: str, binary: bool, unsure: bool) -> str | None:
    if unsure and _CANNOT_TELL.fullmatch(text):
        return CANNOT_TELL
    if _is_binary(scale, binary):
        return _BINARY.get(text)
    match = _PATTERNS[scale].fullmatch(text)
    if match is None:
        return None
    aside, remark = match["aside"] or "", match["remark"] or match["more"] or ""
    if _EARLIER.search(aside):
        aside = ""
    if any(unclear.search(part) for unclear in (_UNCLEAR[scale], _HEDGES) for part in (aside, remark)):
        return None
    return match[1].upper() if scale == "pairwise" else match[1].lower()


def _verdict(scale: Scale, read: str) -> Verdict:
    if read == CANNOT_TELL:
        return Verdict("cannot_tell")
    if scale == "likert":
        return Verdict("ok", value=float(read))
    if scale == "yes-no":
        return Verdict("ok", value=float(read == "yes"), label=read)
    return Verdict("ok", label=read)


def _no_verdict(detail: str) -> Verdict:
    return Verdict("judge_unparsed", detail=detail)


def _reject(expected: str, text: str) -> Verdict:
    # Through ASCII, because half a surrogate pair in a judge's text could not be written to a file.
    excerpt = text[:_SHOWN].encode("ascii", "backslashreplace").decode() + ("..." if len(text) > _SHOWN else "")
    return _no_verdict(f"the verdict is {excerpt!r}, expected {expected}")
