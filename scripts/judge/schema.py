"""The JSON schema that a server enforces on a judge's output, in form `json`."""

from typing import Any

from scripts.config.judges import Form
from scripts.judge.forms import VERDICT
from scripts.judge.rubrics import Scale
from scripts.judge.texts import JudgeTexts

_VERDICTS: dict[Scale, dict[str, Any]] = {
    "likert": {"type": "integer", "enum": [1, 2, 3, 4, 5]},
    "yes-no": {"type": "string", "enum": ["yes", "no"]},
    "pairwise": {"type": "string", "enum": ["A", "B"]},
}


def response_format(texts: JudgeTexts, metric: str, form: Form) -> dict[str, Any] | None:
    """Return the OpenAI `response_format` that enforces form `json`; None for the other forms.

    The verdict comes after the reasoning, so that it can follow from it. Servers write the fields in the order of
    `properties`, which here is also the alphabet's: sorted keys keep it.
    """
    if form != "json":
        return None
    longest = texts.reasoning_characters(form)
    reasoning = {} if longest is None else {"reasoning": {"type": "string", "maxLength": longest}}
    properties = {**reasoning, VERDICT: _VERDICTS[texts.scale(metric)]}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": VERDICT, "strict": True, "schema": schema}}
