"""The formats of published templates that we can fill: Selene's and Flow-Judge's. Their words are not here."""

from collections.abc import Mapping
from pathlib import Path

from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml
from personas.prompts.judge.fences import fence
from personas.prompts.judge.published_template import Filling, Format
from personas.prompts.judge.rubrics import LikertRubric, Rubric, YesNoRubric

_INPUTS = ("character", "user_turn")
"""Tags of what stands before an answer: names of inputs, lower-case with underscores, as Flow-Judge writes them."""


_KEY = "user_template"


def _read_selene(path: Path) -> str:
    raw = read_yaml(path)
    if list(raw) != [_KEY]:
        keys = ", ".join(map(str, raw)) or "none"
        raise UserError(f"{path}: found the keys {keys}, expected one, {_KEY}, with the text of a template.")
    text = raw[_KEY]
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"{path}: {_KEY}: found {text!r}, expected the text of a template.")
    return text.rstrip()


def _read_flow_judge(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").rstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}), expected a text in UTF-8.") from None
    if not text:
        raise UserError(f"{path}: found nothing, expected the text of a template.")
    return text


def _before(filling: Filling) -> str:
    """Return what stands before an answer: the persona, where there is one, and the user turn."""
    tags = (*_INPUTS, *filling.tags)
    texts = zip(_INPUTS, (filling.persona, filling.user_turn), strict=True)
    return "\n".join(fence(tag, text, tags) for tag, text in texts if text is not None)


def _selene(filling: Filling) -> dict[str, str]:
    endings = ("",) if len(filling.answers) == 1 else ("_a", "_b")
    answers = zip(endings, filling.answers, strict=True)
    return {
        "user_input": _before(filling),
        "rubric_objective": filling.objective,
        **_descriptions(filling.rubric),
        **{f"assistant_response{ending}": answer.strip() for ending, answer in answers},
    }


def _descriptions(rubric: Rubric) -> dict[str, str]:
    if isinstance(rubric, LikertRubric):
        return {f"rubric_score_{n}_description": level for n, level in enumerate(rubric.levels, start=1)}
    if isinstance(rubric, YesNoRubric):
        return {"rubric_yes_description": rubric.yes, "rubric_no_description": rubric.no}
    return {}


def _flow_judge(filling: Filling) -> dict[str, str]:
    rubric, [answer] = filling.rubric, filling.answers
    if isinstance(rubric, LikertRubric):
        scores = list(enumerate(rubric.levels, start=1))
    elif isinstance(rubric, YesNoRubric):
        scores = [(0, rubric.no), (1, rubric.yes)]
    else:
        raise ValueError("found a pairwise rubric, expected one that rates one answer")
    return {
        "INPUTS": _before(filling),
        "OUTPUT": fence("answer", answer, ("answer", *_INPUTS, *filling.tags)),
        "EVALUATION_CRITERIA": filling.objective,
        "RUBRIC": "\n".join(f"- Score {score}: {description}" for score, description in scores),
    }


_FLOW_JUDGE_NAMES = ("INPUTS", "OUTPUT", "EVALUATION_CRITERIA", "RUBRIC")

_ALL = (
    Format(
        name="selene-template",
        form="reasoning-result",
        files={"likert": "absolute-scoring.yaml", "yes-no": "classification.yaml", "pairwise": "pairwise.yaml"},
        names={
            "likert": (
                *("user_input", "assistant_response", "rubric_objective"),
                *(f"rubric_score_{n}_description" for n in range(1, 6)),
            ),
            "yes-no": (
                *("user_input", "assistant_response", "rubric_objective"),
                *("rubric_yes_description", "rubric_no_description"),
            ),
            "pairwise": ("user_input", "assistant_response_a", "assistant_response_b", "rubric_objective"),
        },
        braces=1,
        read=_read_selene,
        values=_selene,
        ticked=frozenset({"user_input", "assistant_response", "assistant_response_a", "assistant_response_b"}),
    ),
    Format(
        name="flow-judge-template",
        form="feedback-score",
        files={"likert": "standard.j2", "yes-no": "standard.j2"},
        names={"likert": _FLOW_JUDGE_NAMES, "yes-no": _FLOW_JUDGE_NAMES},
        braces=2,
        read=_read_flow_judge,
        values=_flow_judge,
        binary=True,
    ),
)

FORMATS: Mapping[str, Format] = {known.name: known for known in _ALL}
"""By the shape that the catalogue gives their files."""
