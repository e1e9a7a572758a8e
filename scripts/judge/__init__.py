"""Judging: what a judge reads, and what is read out of its answers. Pure functions; docs/judging.md explains them."""

from scripts.config.judges import Form
from scripts.judge.order import in_order, reference_first, win
from scripts.judge.prompts import JUDGE_RECIPE_VERSION, judge_prompt
from scripts.judge.rubrics import Scale
from scripts.judge.schema import enforced, response_format
from scripts.judge.template import FORMS
from scripts.judge.texts import JudgeTexts, load_texts
from scripts.judge.verdicts import Verdict, parse
from scripts.prompts.thinking import strip_thinking

__all__ = [
    "FORMS",
    "JUDGE_RECIPE_VERSION",
    "Form",
    "JudgeTexts",
    "Scale",
    "Verdict",
    "enforced",
    "in_order",
    "judge_prompt",
    "load_texts",
    "parse",
    "reference_first",
    "response_format",
    "strip_thinking",
    "win",
]
