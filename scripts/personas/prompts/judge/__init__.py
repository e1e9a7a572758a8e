"""Judging: what a judge reads, and what is read out of its answers. Pure functions; docs/judging.md explains them."""

from personas.config.judges import Form
from personas.prompts.judge.order import in_order, reference_first, win
from personas.prompts.judge.prompts import JUDGE_RECIPE_VERSION, judge_prompt
from personas.prompts.judge.rubrics import Scale
from personas.prompts.judge.schema import json_fields, response_format
from personas.prompts.judge.template import FORMS
from personas.prompts.judge.texts import JudgeTexts, load_texts
from personas.prompts.judge.verdicts import Verdict, parse
from personas.prompts.thinking import strip_thinking

__all__ = [
    "FORMS",
    "JUDGE_RECIPE_VERSION",
    "Form",
    "JudgeTexts",
    "Scale",
    "Verdict",
    "in_order",
    "json_fields",
    "judge_prompt",
    "load_texts",
    "parse",
    "reference_first",
    "response_format",
    "strip_thinking",
    "win",
]
