"""Templates that the makers of a judge publish: data at a pinned revision, filled with our rubrics and texts.

How they are filled changes what judges read, so a change here or in `formats` must come with a new
TEMPLATE_RECIPE_VERSION; golden prompts in the tests fail otherwise.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from personas.config.judges import Form
from personas.core.errors import UserError
from personas.prompts.judge.fences import TICKED, lengthen_ticks
from personas.prompts.judge.rubrics import Rubric, Scale

TEMPLATE_RECIPE_VERSION = 1

_TAG = re.compile(r"</?(\w+)>")


@dataclass(frozen=True)
class Filling:
    """What a published template is filled with.

    `objective` is the criterion, with the trait where one is rated; `persona` what is read of it, None where there is
    none; `answers` are one, or A and B. `tags` are those of the template, which no text may be taken for.
    """

    rubric: Rubric
    objective: str
    persona: str | None
    user_turn: str
    answers: Sequence[str]
    tags: Sequence[str] = ()


@dataclass(frozen=True)
class Format:
    """How a publisher lays templates out: the file for each scale, and what each must name, once.

    `braces`: how many stand around a name. `ticked`: names that must stand between lines of backticks, because
    nothing else bounds their texts. `binary`: yes is asked for as 1 and no as 0.
    """

    name: str
    form: Form
    files: Mapping[Scale, str]
    names: Mapping[Scale, Sequence[str]]
    braces: int
    read: Callable[[Path], str]
    values: Callable[[Filling], dict[str, str]]
    ticked: frozenset[str] = frozenset()
    binary: bool = False

    @property
    def name_in_braces(self) -> re.Pattern[str]:
        """A name in braces."""
        opening, closing = (re.escape(brace * self.braces) for brace in "{}")
        return re.compile(rf"{opening}(\w+){closing}")

    def names_text(self, names: Sequence[str]) -> str:
        """Return names as they stand in a template."""
        return " ".join(f"{'{' * self.braces}{name}{'}' * self.braces}" for name in names) or "no names in braces"

    def load(self, path: Path, scale: Scale) -> str:
        """Read the template of a scale; UserError names the file, what was found and what was expected."""
        text, expected = self.read(path), self.names[scale]
        names = self.name_in_braces.findall(text)
        if sorted(names) != sorted(expected):
            raise UserError(
                f"{path}: found {self.names_text(names)}, expected {self.names_text(expected)}, each once."
            )
        if re.search("[{}]", self.name_in_braces.sub("", text)):
            raise UserError(f"{path}: found a brace that belongs to no name, expected braces around names only.")
        between = {name for _, name in TICKED.findall(text)}
        if bare := [name for name in expected if name in self.ticked - between]:
            raise UserError(f"{path}: found {self.names_text(bare)}, expected each alone between two lines of ```.")
        return text

    def placeholder(self, scale: Scale, text: str) -> str:
        """Return a template to plan with: `text` instead of the words, and all names."""
        return f"{text}\n{self.names_text(self.names[scale])}"


@dataclass(frozen=True)
class PublishedTemplate:
    """The published template of a judge: its text, or a stand-in, and the pin of its file, by scale."""

    format: Format
    texts: Mapping[Scale, str]
    pins: Mapping[Scale, Mapping[str, str]]

    def identity(self, scale: Scale) -> dict[str, Any]:
        """Return what identifies the template of a scale, wherever its file lies."""
        return {"format": self.format.name, "recipe": TEMPLATE_RECIPE_VERSION, **self.pins[scale]}

    def prompt(self, filling: Filling) -> str:
        """Return the template of the rubric's scale, filled in.

        Names are looked for in the template only: braces in what is filled in are only braces.
        """
        template = self.texts[filling.rubric.scale]
        values = self.format.values(replace(filling, tags=_TAG.findall(template.lower())))
        return self.format.name_in_braces.sub(lambda match: values[match[1]], lengthen_ticks(template, values))
