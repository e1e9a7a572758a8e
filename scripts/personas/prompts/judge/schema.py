"""What a server enforces of a judge's output, in form `json`."""

import json
from collections.abc import Mapping
from typing import Any

from personas.config.judges import Form
from personas.prompts.judge.forms import CANNOT_TELL, VERDICT
from personas.prompts.judge.rubrics import Scale
from personas.prompts.judge.texts import JudgeTexts

_VERDICTS: dict[Scale, dict[str, Any]] = {
    "likert": {"type": "integer", "enum": [1, 2, 3, 4, 5]},
    "yes-no": {"type": "string", "enum": ["yes", "no"]},
    "pairwise": {"type": "string", "enum": ["A", "B"]},
}
_NO_LINE_BREAKS = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def json_fields(texts: JudgeTexts, metric: str, form: Form, one_line: bool) -> dict[str, Any]:
    """Return the fields of a request that enforce form `json`; none for the other forms.

    `one_line`: the engine can be held to JSON without line ends.

    llama.cpp's own grammar of a schema allows line breaks and indents, and small models spend most of their tokens
    on these, or all of them. Its server also reads grammars of llguidance, where a schema can do without.
    """
    format_field = response_format(texts, metric, form)
    if format_field is None:
        return {}
    if not one_line:
        return {"response_format": format_field}
    schema = {**format_field["json_schema"]["schema"], "x-guidance": _NO_LINE_BREAKS}
    return {"grammar": f"%llguidance {{}}\nstart: %json {json.dumps(schema)}"}


def response_format(texts: JudgeTexts, metric: str, form: Form) -> Mapping[str, Any] | None:
    """Return the OpenAI `response_format` that enforces form `json`; None for the other forms.

    The verdict comes after the reasoning, so that it can follow from it. Servers write the fields in the order of
    `properties`, which here is also the alphabet's: sorted keys keep it.
    """
    if form != "json":
        return None
    longest = texts.reasoning_characters(form)
    reasoning = {} if longest is None else {"reasoning": {"type": "string", "maxLength": longest}}
    properties = {**reasoning, VERDICT: _verdict(texts, metric)}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": VERDICT, "strict": True, "schema": schema}}


def _verdict(texts: JudgeTexts, metric: str) -> dict[str, Any]:
    verdict = _VERDICTS[texts.scale(metric)]
    return {"enum": [*verdict["enum"], CANNOT_TELL]} if texts.may_be_unsure else verdict
