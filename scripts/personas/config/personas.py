"""Section `personas`, and the file of one persona."""

from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from personas.config.base import NonEmpty, Section, Slug

BASELINE = "baseline"
"""Slug of the same model without a persona (the study calls it `empty`)."""


NONE = "none"
"""Slug of an intervention: nothing is done to keep the persona, which is always tried."""


class Example(Section):
    """One exchange in the voice of a persona."""

    user: NonEmpty = Field(description="what is said to the persona")
    answer: NonEmpty = Field(description="what it answers")


class Fact(Section):
    """What a persona knows of itself."""

    question: NonEmpty = Field(description="what is asked, in the second person")
    answer: NonEmpty = Field(
        description="the answer, as short as it can stand in a sentence: a name, a year, a place"
    )
    accepted: tuple[NonEmpty, ...] = Field(default=(), description="other forms of the answer")


class Persona(Section):
    """One persona: a YAML file whose name is the persona's slug."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"name", "short", "examples", "facts"})
    # `short` and `examples` act through the interventions that read them, `facts` through the items that they are.

    role: NonEmpty = Field(description="name of the role as it stands in prompts")
    description: NonEmpty = Field(description="who the role is, in the second person or any other")
    first_message: NonEmpty | None = Field(
        default=None, description="words with which the role begins a conversation"
    )
    example_dialogues: NonEmpty | None = Field(default=None, description="dialogues that show how the role talks")
    name: str | None = Field(default=None, description="display name, which `plan` and `status` print")
    short: NonEmpty | None = Field(
        default=None, description="who the role is in a sentence or two, for interventions that say it again"
    )
    examples: tuple[Example, ...] = Field(
        default=(), description="exchanges in the voice of the role, for the intervention that shows them first"
    )
    facts: tuple[Fact, ...] = Field(
        default=(), description="what the role knows of itself, for the benchmark of kind facts"
    )

    def identity(self) -> dict[str, Any]:
        """Return the fields that shape results; one that is not set leaves no trace."""
        return {key: value for key, value in super().identity().items() if value is not None}


FOLDER = "config/personas"


class PersonasSection(Section):
    """Which personas take part."""

    folder: NonEmpty = Field(default=FOLDER, description="folder with one YAML file per persona")
    roles: NonEmpty | None = Field(
        default=None, description="JSON file of role names and descriptions, instead of a folder; or external:..."
    )
    include: tuple[Slug, ...] | None = Field(
        default=None, min_length=1, description="slugs of the personas to use; default: every file"
    )
    baseline: bool = Field(default=True, description="whether the model without a persona runs beside them")

    @model_validator(mode="after")
    def _one_place(self) -> "PersonasSection":
        if self.roles is not None and self.folder != FOLDER:
            raise ValueError(f"found both roles {self.roles!r} and folder {self.folder!r}, expected one of them")
        return self

    @field_validator("include")
    @classmethod
    def _each_once(cls, include: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if include is not None and len(set(include)) < len(include):
            raise ValueError(f"found {list(include)}, expected each slug once")
        return include
