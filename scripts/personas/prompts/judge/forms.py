"""The forms of output: where a judge's text states a verdict, and where it only speaks of one.

Finding is generous: whatever looks like a verdict is one. `verdicts` checks each and compares them.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from personas.config.judges import Form

VERDICT = "verdict"
"""Name of the field that holds it in form `json`."""

CANNOT_TELL = "cannot tell"
"""The verdict of a judge that is unsure, where it may be."""

MOST = 200
"""Verdicts that a text is read for; one with more is a loop."""

_MARKS = r"[ \t*_`\"'\]]*[:：]"
_LEADS = r"^[ \t]*(?:[#*_`•+-]|\d{1,3}[.)][ \t])*+[ \t]*[*_`\[]*(?:(?:the|my|final|overall|total|end)[ \t*_]+)*"
_RESULT = re.compile(rf"(?P<leads>{_LEADS})?(?<![^\W_])result{_MARKS}", re.IGNORECASE | re.MULTILINE)
_OTHER_LABEL = re.compile(
    rf"{_LEADS}(?:result|score|rating|verdict|grade|judge?ment|decision|conclusion|choice|answer){_MARKS}([^\r\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_LINE = re.compile(r"[^\r\n]*")
_SCORE = re.compile(r"<\s*score\s*>", re.IGNORECASE)
_INSIDE = re.compile(r"([^<]*)<\s*/\s*score\s*>", re.IGNORECASE)
_FEEDBACK_ENDS = re.compile(r"<\s*/\s*feedback\s*>", re.IGNORECASE)
_BRACES = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}]', re.DOTALL)
_LOOKS_LIKE_JSON = re.compile(rf"\{{\s*(?:[\"'}}]|\Z|\W{{0,3}}{VERDICT}\b)")
_LAYOUT = " \t`*_#-[,"
_BEFORE, _AFTER = " \t\r\n*_`\"'“‘([{", " \t\r\n*_`\"'”’)]}.,;:!"


class NoVerdict(Exception):
    """No verdict was found; the text says why."""


@dataclass(frozen=True)
class Statement:
    """What may be a verdict. `text` is its text, None where `why` says that there is none.

    `own`: it stands where the form wants a verdict, on a line of its own or behind another that does; others are in
    the midst of prose, as a quotation is. `start` and `end` tell where it is.
    """

    text: str | None
    start: int
    end: int
    own: bool
    why: str = ""


def find_json(text: str) -> list[Statement]:
    """Return field `verdict` of each outermost object, as JSON. Text around it does not matter, or a code block."""
    statements = list[Statement]()
    for start, end, value in _objects(text):
        field = value.get(VERDICT, _NONE) if isinstance(value, dict) else value
        why = str(field) if not isinstance(value, dict) or field is _NONE or isinstance(field, _Twice) else ""
        field_text = None if why else json.dumps(field, default=str)
        statements.append(Statement(field_text, start, end, _is_own(text, start, statements), why))
        if len(statements) > MOST:
            break
    if not statements:
        raise NoVerdict("found no JSON object")
    return statements


class _Twice:
    def __str__(self) -> str:
        return f"a JSON object has the field {VERDICT} more than once"


class _None:
    def __str__(self) -> str:
        return f"the last JSON object has no field {VERDICT}"


_NONE = _None()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    verdicts = {json.dumps(value, default=str) for key, value in pairs if key == VERDICT}
    return {**dict(pairs), **({VERDICT: _Twice()} if len(verdicts) > 1 else {})}


# Judges put line ends into texts; the verdict is none the worse for it.
_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_object)


def _objects(text: str) -> Iterator[tuple[int, int, object]]:
    """Yield each outermost object, and a sentence for each that is none: what stands inside it is no verdict."""
    start = text.find("{")
    while start >= 0:
        end = start + 1
        if _LOOKS_LIKE_JSON.match(text, start):
            try:
                content, end = _DECODER.raw_decode(text, start)
            except (ValueError, TypeError, RecursionError):
                content, end = "the last JSON object is cut off or broken", _end_of_braces(text, start)
            yield start, end, content
        start = text.find("{", end)


def _end_of_braces(text: str, start: int) -> int:
    depth = 0
    for brace in _BRACES.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.end()
    return len(text)


def find_result(text: str) -> list[Statement]:
    """Return what stands behind each `Result:`, up to the end of its line; in prose, up to the next at most."""
    labels = list(_RESULT.finditer(text))
    if not labels:
        raise NoVerdict("found no `Result:`")
    statements = []
    for label, following in zip(labels[: MOST + 1], [*labels[1:], None], strict=False):
        line = _LINE.match(text, label.end())
        end = line.end() if line else label.end()
        is_own = label["leads"] is not None
        if following and not is_own:
            end = min(end, following.start())
        statements.append(Statement(bare(text[label.end() : end]), label.start(), end, is_own))
    return statements


def find_score(text: str) -> list[Statement]:
    """Return what stands between each `<score>` and its closing tag; behind the feedback, where that is closed."""
    ends = [match.end() for match in _FEEDBACK_ENDS.finditer(text)]
    tags = list(_SCORE.finditer(text, ends[-1] if ends else 0)) or list(_SCORE.finditer(text))
    if not tags:
        raise NoVerdict("found no <score>")
    statements = list[Statement]()
    for tag in tags[: MOST + 1]:
        inside = _INSIDE.match(text, tag.end())
        is_own = tag.start() in ends or _is_own(text, tag.start(), statements)
        if inside is None:
            statements.append(Statement(None, tag.start(), tag.end(), is_own, "the last <score> is not closed"))
        else:
            statements.append(Statement(bare(inside[1]), tag.start(), inside.end(), is_own))
    return statements


def _is_own(text: str, start: int, before: list[Statement]) -> bool:
    """Tell whether nothing but layout stands before it on its line, or one that is its own, and it is no aside."""
    if before and "\n" not in (between := text[before[-1].end : start]):
        return before[-1].own and between.count("(") <= between.count(")")
    lead = text[text.rfind("\n", 0, start) + 1 : start].strip(_LAYOUT)
    return lead in ("", "json")


def rivals(text: str, statements: list[Statement]) -> Iterator[str]:
    """Yield what stands behind other labels of a verdict at the start of a line, outside of what was found."""
    starts, ends = [one.start for one in statements], [one.end for one in statements]
    for place, end in zip([0, *ends], [*starts, len(text)], strict=True):
        yield from (bare(match[1]) for match in _OTHER_LABEL.finditer(text, place, end))


def bare(verdict: str) -> str:
    """Take off blanks, emphasis, quotes and brackets, and a final full stop or the like."""
    verdict = verdict.lstrip(_BEFORE).rstrip(_AFTER)
    return verdict[1:-1].strip(_BEFORE) if verdict[:1] + verdict[-1:] == "<>" else verdict


FORM_RULES: Mapping[Form, Callable[[str], list[Statement]]] = {
    "json": find_json,
    "reasoning-result": find_result,
    "feedback-score": find_score,
}
"""How the verdicts of a form are found, in their order; NoVerdict where there is none."""
