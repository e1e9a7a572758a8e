"""The judge's recipe: how texts, persona, user turn and answers become one request.

A change here changes what judges read, so it must come with a new JUDGE_RECIPE_VERSION; golden prompts in the tests
fail otherwise. Published templates have a version of their own (`published`).
"""

from collections.abc import Sequence

from personas.config.judges import Form
from personas.config.personas import Persona
from personas.core.errors import UserError
from personas.prompts.judge.fences import EARLIER, TAGS, fence
from personas.prompts.judge.published_template import Filling
from personas.prompts.judge.rubrics import LikertRubric, Rubric
from personas.prompts.judge.template import Template, fill
from personas.prompts.judge.texts import JudgeTexts
from personas.prompts.recipe import Message
from personas.prompts.thinking import strip_thinking

JUDGE_RECIPE_VERSION = 1


def judge_prompt(
    texts: JudgeTexts,
    metric: str,
    form: Form,
    *,
    persona: Persona | None,
    user_turn: str,
    answers: Sequence[str],
    trait: str | None = None,
    earlier: Sequence[str] = (),
) -> list[Message]:
    """Return the one user message that asks for a verdict in `form` on one answer, or on two (pairwise: A, B).

    `earlier` is what was said before, for a rubric that has a heading for it.

    Thinking is stripped from the answers here. UserError when the rubric does not know the trait. ValueError when
    the arguments do not fit the rubric, or an answer is blank: there is nothing to judge then.
    """
    rubric, template = texts.rubric(metric), texts.template
    _check(rubric, metric, persona, answers, trait, earlier)
    trait_text, answer_texts = _trait(rubric, template, metric, trait), _without_thinking(answers)
    if texts.published is not None:
        objective = "\n".join(filter(None, [rubric.criterion, trait_text]))
        who = _persona(template, persona, persona.description.strip()) if persona else None
        who = _with_earlier(who, rubric, earlier, TAGS)
        content = texts.published.prompt(Filling(rubric, objective, who, user_turn, answer_texts))
        return [{"role": "user", "content": content}]
    tags = (*TAGS, EARLIER) if rubric.earlier else TAGS
    who = _persona(template, persona, fence("character", persona.description, tags)) if persona else None
    values = {
        "rubric": rubric.text(),
        "trait": trait_text,
        "persona": _with_earlier(who, rubric, earlier, tags),
        "user_turn": fence("user-turn", user_turn, tags),
        **_answers(answer_texts, tags),
        "request": template.request(rubric.scale, form),
    }
    return [{"role": "user", "content": fill(template.of(rubric.scale).prompt, values)}]


def _check(
    rubric: Rubric,
    metric: str,
    persona: Persona | None,
    answers: Sequence[str],
    trait: str | None,
    earlier: Sequence[str],
) -> None:
    expected = 2 if rubric.scale == "pairwise" else 1
    if len(answers) != expected:
        raise ValueError(f"{metric}: found {len(answers)} answers, expected {expected}")
    if rubric.needs_persona and persona is None:
        raise ValueError(f"{metric}: found no persona, expected one")
    if bool(earlier) != bool(rubric.earlier):
        raise ValueError(f"{metric}: found {len(earlier)} earlier answers, expected some exactly with a heading")
    if (trait is not None) != (isinstance(rubric, LikertRubric) and rubric.traits is not None):
        raise ValueError(f"{metric}: found trait {trait!r}, expected one exactly where the rubric has traits")


def _trait(rubric: Rubric, template: Template, metric: str, trait: str | None) -> str | None:
    if trait is None or not isinstance(rubric, LikertRubric) or rubric.traits is None:
        return None
    if trait not in rubric.traits:
        raise UserError(f"rubric {metric}: traits: found no {trait!r}, expected one of {', '.join(rubric.traits)}.")
    return fill(template.trait, {"trait": trait, **rubric.traits[trait].identity()})


def _persona(template: Template, persona: Persona, description: str) -> str:
    return fill(template.persona, {"role": persona.role, "description": description})


def _with_earlier(who: str | None, rubric: Rubric, earlier: Sequence[str], tags: Sequence[str]) -> str | None:
    """Return what is read of the persona, and what was said earlier below it, where the rubric has it read."""
    if rubric.earlier is None:
        return who
    blocks = [fence(EARLIER, text, tags) for text in _without_thinking(earlier)]
    return "\n\n".join([*([who] if who else []), "\n".join([rubric.earlier, *blocks])])


def _without_thinking(answers: Sequence[str]) -> list[str]:
    texts = [strip_thinking(answer)[0] for answer in answers]
    if not all(text.strip() for text in texts):
        raise ValueError("an answer is blank: it has a status and no verdict")
    return texts


def _answers(texts: Sequence[str], fences: Sequence[str]) -> dict[str, str]:
    tags = ("answer",) if len(texts) == 1 else ("answer-a", "answer-b")
    return {tag.replace("-", "_"): fence(tag, text, fences) for tag, text in zip(tags, texts, strict=True)}
