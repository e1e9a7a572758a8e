"""The template: how a judge's prompt is put together on each scale, and how each form of output is asked for."""

import re
from collections.abc import Mapping, Sequence
from typing import get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from personas.config.base import NonEmpty, Section
from personas.config.judges import Form
from personas.prompts.judge.rubrics import Scale

FORMS: tuple[Form, ...] = get_args(Form)

_NAME = re.compile(r"\{(\w+)\}")
_ONE_ANSWER = ("rubric", "persona", "user_turn", "answer", "request")
_NAMES = {
    "persona": ("role", "description"),
    "trait": ("trait", "definition", "low", "high"),
    "likert": ("rubric", "trait", *_ONE_ANSWER[1:]),
    "yes_no": _ONE_ANSWER,
    "pairwise": ("rubric", "persona", "user_turn", "answer_a", "answer_b", "request"),
}
"""What each text must name, once and in this order: what changes from answer to answer stands last."""


class Requests(Section):
    """The sentence that asks for each form of output; `json` has two, with and without reasoning."""

    reasoned_json: NonEmpty
    verdict_json: NonEmpty
    reasoning_result: NonEmpty
    feedback_score: NonEmpty


class ScaleTexts(Section):
    """The prompt of one scale, and the requests that can end it."""

    prompt: NonEmpty
    requests: Requests


class Scales(Section):
    """The texts of each scale."""

    likert: ScaleTexts
    yes_no: ScaleTexts
    pairwise: ScaleTexts

    @field_validator("likert", "yes_no", "pairwise")
    @classmethod
    def _names(cls, texts: ScaleTexts, info: ValidationInfo) -> ScaleTexts:
        _check_names(texts.prompt, str(info.field_name))
        return texts


class Template(Section):
    """How prompts are put together. Names in braces are filled in."""

    persona: NonEmpty = Field(description="what the judge reads of a persona; names {role} and {description}")
    trait: NonEmpty = Field(description="what it reads of a trait; names {trait}, {definition}, {low} and {high}")
    reasoning: bool = Field(default=True, description="form json: whether reasoning stands before the verdict")
    reasoning_characters: int = Field(default=400, ge=1, le=2000, description="form json: longest reasoning")
    cannot_tell: NonEmpty | None = Field(
        default=None, description="sentence that lets the judge say `cannot tell`, for judges that may"
    )
    may_be_unsure: bool = Field(default=False, description="whether that sentence is read by itself")
    scales: Scales

    @field_validator("persona", "trait")
    @classmethod
    def _names(cls, text: str, info: ValidationInfo) -> str:
        _check_names(text, str(info.field_name))
        return text

    @model_validator(mode="after")
    def _unsure_with_a_sentence(self) -> "Template":
        if self.may_be_unsure and self.cannot_tell is None:
            raise ValueError("may_be_unsure: found true, expected a sentence in cannot_tell beside it")
        return self

    def of(self, scale: Scale) -> ScaleTexts:
        """Return the texts of a scale."""
        texts: ScaleTexts = getattr(self.scales, scale.replace("-", "_"))
        return texts

    def request(self, scale: Scale, form: Form) -> str:
        """Return what asks for a form, and allows for an unsure verdict where the template does."""
        if form == "json":
            form_key = "reasoned_json" if self.reasoning else "verdict_json"
        else:
            form_key = form.replace("-", "_")
        request: str = getattr(self.of(scale).requests, form_key)
        return f"{request}\n{self.cannot_tell}" if self.may_be_unsure else request


def _check_names(text: str, of: str) -> None:
    names, expected = _NAME.findall(text), _NAMES[of]
    if names != list(expected):
        raise ValueError(f"found {_in_braces(names)}, expected {_in_braces(expected)}, each once and in this order")


def _in_braces(names: Sequence[str]) -> str:
    return " ".join(f"{{{name}}}" for name in names) or "no names in braces"


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """Fill in the names of a text, leaving out each paragraph that names a None.

    What is filled in is never searched for names again: braces in an answer are only braces.
    """
    paragraphs = [p for p in re.split(r"\n\s*\n", text) if all(values[name] is not None for name in _NAME.findall(p))]
    return _NAME.sub(lambda match: values[match[1]] or "", "\n\n".join(paragraphs))
