"""What a judge is told: one template and one rubric per metric, read from a folder."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from personas.config.base import Section, is_slug, yaml_files
from personas.config.judges import Form
from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml
from personas.prompts.judge.forms import CANNOT_TELL
from personas.prompts.judge.published_template import PublishedTemplate
from personas.prompts.judge.rubrics import RUBRICS, LikertRubric, Rubric, Scale
from personas.prompts.judge.template import Template

_VERDICT, _UNSURE, _REASONING = len('{"verdict": "A"}'), len(CANNOT_TELL), len('"reasoning": "", ')
"""Characters of a verdict in JSON, and of its reasoning besides the words."""


@dataclass(frozen=True)
class JudgeTexts:
    """Template and rubrics of a judge; `rubrics` maps a metric to its rubric.

    Where there is a `published` template it takes the place of our prompts; of `template`, the paragraphs of persona
    and trait are still used.
    """

    template: Template
    rubrics: Mapping[str, Rubric]
    published: PublishedTemplate | None = None

    def rubric(self, metric: str) -> Rubric:
        """Return the rubric of a metric; UserError where there is none."""
        if metric not in self.rubrics:
            names = ", ".join(sorted(self.rubrics))
            raise UserError(f"judge texts: found no rubric for {metric!r}, expected one of {names}.")
        return self.rubrics[metric]

    def reads_earlier(self, metric: str) -> bool:
        """Tell whether the judge reads what was said earlier beside an answer."""
        return self.rubric(metric).earlier is not None

    def scale(self, metric: str) -> Scale:
        """Return what the verdicts of a metric are."""
        return self.rubric(metric).scale

    def identity(self, metric: str, form: Form) -> dict[str, Any]:
        """Return what shapes the requests for a metric in a form, as plain JSON types, and nothing else.

        Not in it: JUDGE_RECIPE_VERSION, persona, texts and judge, which the caller has and adds.
        """
        rubric, template = self.rubric(metric), self.template
        rates_trait = isinstance(rubric, LikertRubric) and rubric.traits is not None
        shared = {
            "form": form,
            "persona": template.persona,
            "trait": template.trait if rates_trait else None,
            "rubric": _plain(rubric, rubric.not_identity | _unset(rubric)),
        }
        if self.published is not None:
            return {**shared, "template": self.published.identity(rubric.scale)}
        return {
            **shared,
            "prompt": template.of(rubric.scale).prompt,
            "request": template.request(rubric.scale, form),
            "reasoning_characters": self.reasoning_characters(form),
        }

    @property
    def binary(self) -> bool:
        """Tell whether a yes is asked for as 1 and a no as 0."""
        return self.published is not None and self.published.format.binary

    def without_reasoning(self) -> "JudgeTexts":
        """Return the same texts, asking for the verdict alone in form `json`."""
        return replace(self, template=self.template.model_copy(update={"reasoning": False}))

    def with_cannot_tell(self, folder: str) -> "JudgeTexts":
        """Return the texts of a folder, where the judge may be unsure; UserError if it lacks the sentence."""
        if self.template.cannot_tell is None:
            raise UserError(
                f"{folder}/template.yaml: cannot_tell: missing, expected the sentence that allows for it."
            )
        return replace(self, template=self.template.model_copy(update={"may_be_unsure": True}))

    @property
    def may_be_unsure(self) -> bool:
        """Tell whether the judge may say that it cannot tell."""
        return self.template.may_be_unsure and self.published is None

    def verdict_characters(self, form: Form) -> int | None:
        """Return how long a verdict can be; None where its form sets no bound."""
        if form != "json" or self.published is not None:
            return None
        reasoning, verdict = self.reasoning_characters(form), _VERDICT + _UNSURE * self.may_be_unsure
        return verdict if reasoning is None else verdict + _REASONING + reasoning

    def reasoning_characters(self, form: Form) -> int | None:
        """Return the longest reasoning that the schema allows; None where there is no schema, or no reasoning."""
        return self.template.reasoning_characters if form == "json" and self.template.reasoning else None

    def to_json(self) -> dict[str, Any]:
        """Return our own texts as plain JSON types; a published template travels by reference."""
        return {
            "template": _plain(self.template),
            "rubrics": {m: _plain(r, _unset(r)) for m, r in self.rubrics.items()},
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "JudgeTexts":
        """Return our own texts of what `to_json` was called on."""
        template = validate(Template, raw["template"], "judge texts: template")
        return cls(template, {m: _rubric(r, f"judge texts: {m}") for m, r in raw["rubrics"].items()})


def load_texts(folder: Path) -> JudgeTexts:
    """Read `template.yaml` and `rubrics/<metric>.yaml`; UserError names the file and the field of every mistake."""
    source = folder / "template.yaml"
    for path in yaml_files(folder.iterdir()) if folder.is_dir() else []:
        if path != source:
            raise UserError(f"{path}: found this name, expected template.yaml alone here, and metrics in rubrics/.")
    template = validate(Template, read_yaml(source), str(source))
    files = sorted(path for path in (folder / "rubrics").glob("*") if not path.name.startswith("."))
    if not files:
        raise UserError(f"{folder / 'rubrics'}: found no files, expected one YAML file per metric.")
    return JudgeTexts(template, {_metric(path): _rubric(read_yaml(path), str(path)) for path in files})


def _metric(path: Path) -> str:
    if path.suffix != ".yaml" or not is_slug(path.stem):
        raise UserError(
            f"{path}: found this name, expected <metric>.yaml, a metric of letters, digits, dots and dashes."
        )
    return path.stem


def _rubric(raw: Mapping[str, Any], source: str) -> Rubric:
    section = RUBRICS.get(str(raw.get("scale")))
    if section is None:
        problem = f"found {raw['scale']!r}" if "scale" in raw else "missing"
        raise UserError(f"{source}: scale: {problem}, expected one of {', '.join(RUBRICS)}.")
    return validate(section, raw, source)


def _unset(rubric: Rubric) -> frozenset[str]:
    """Return the fields that came later and leave no trace while they are not set."""
    return frozenset() if rubric.earlier else frozenset({"earlier"})


def _plain(section: Section, without: Collection[str] = ()) -> dict[str, Any]:
    return section.model_dump(mode="json", exclude=set(without))
