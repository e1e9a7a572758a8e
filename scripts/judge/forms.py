"""The forms of output: how the last verdict of each is found, and what it may read.

Finding is generous and checking is strict: whatever looks like a verdict counts as one, so that a late and unclear
one is seen and rejected instead of an earlier one being taken.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from scripts.config.judges import Form
from scripts.judge.rubrics import Scale

VERDICT = "verdict"
"""Name of the field that holds it in form `json`."""

_RESULT = re.compile(r"(?<![^\W_])result[ \t*_`\"'\]]*[:：]", re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*")
_SCORE = re.compile(r"<\s*score\s*>", re.IGNORECASE)
_INSIDE = re.compile(r"([^<]*)<\s*/\s*score\s*>", re.IGNORECASE)
_BRACES = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL)
_BEFORE, _AFTER = " \t\r\n*_`\"'“‘([{<", " \t\r\n*_`\"'”’)]}>.,;:!"
_DECODER = json.JSONDecoder(strict=False)  # judges put line ends into texts; the verdict is none the worse for it


class NoVerdict(Exception):
    """No verdict was found; the text says why."""


def find_json(text: str) -> str:
    """Return field `verdict` of the last object, as JSON. Text around it does not matter, as in a code block."""
    objects = list(_objects(text))
    last = objects[-1] if objects else "found no JSON object"
    if not isinstance(last, dict):
        raise NoVerdict(str(last))
    if VERDICT not in last:
        raise NoVerdict(f"the last JSON object has no field {VERDICT}")
    return json.dumps(last[VERDICT])


def _objects(text: str) -> Iterator[object]:
    """Yield each outermost object, and a sentence for each that is none: what stands inside it is no verdict."""
    start = text.find("{")
    while start >= 0:
        try:
            found, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            found, end = "the last JSON object is cut off or broken", _end_of_braces(text, start)
        yield found
        start = text.find("{", end)


def _end_of_braces(text: str, start: int) -> int:
    depth = 0
    for found in _BRACES.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return len(text)


def find_result(text: str) -> str:
    """Return what stands behind the last `Result:`, up to the end of its line."""
    labels = [found.end() for found in _RESULT.finditer(text)]
    if not labels:
        raise NoVerdict("found no `Result:`")
    line = _LINE.match(text, labels[-1])
    return _bare(line[0] if line else "")


def find_score(text: str) -> str:
    """Return what stands between the last `<score>` and its closing tag."""
    tags = [found.end() for found in _SCORE.finditer(text)]
    if not tags:
        raise NoVerdict("found no <score>")
    inside = _INSIDE.match(text, tags[-1])
    if inside is None:
        raise NoVerdict("the last <score> is not closed")
    return _bare(inside[1])


def _bare(verdict: str) -> str:
    """Take off blanks, emphasis, quotes and brackets, and a final full stop or the like."""
    return verdict.lstrip(_BEFORE).rstrip(_AFTER)


@dataclass(frozen=True)
class FormRules:
    """How a form is read: `find` raises NoVerdict or returns the last verdict, all of which must match a pattern."""

    find: Callable[[str], str]
    patterns: Mapping[Scale, str]


_AS_JSON: Mapping[Scale, str] = {"likert": r"([1-5])", "yes-no": r'"\s*(yes|no)\s*"', "pairwise": r'"\s*(A|B)\s*"'}
_WRITTEN: Mapping[Scale, str] = {
    "likert": r"([1-5])(?:\s*/\s*5|\s+out\s+of\s+5)?",  # 3/5 says no less than 3; 3/10 is another scale
    "yes-no": r"(yes|no)",
    "pairwise": r"(?:(?:answer|response)\s+)?(A|B)",
}

FORM_RULES: Mapping[Form, FormRules] = {
    "json": FormRules(find_json, _AS_JSON),
    "reasoning-result": FormRules(find_result, _WRITTEN),
    "feedback-score": FormRules(find_score, _WRITTEN),
}
