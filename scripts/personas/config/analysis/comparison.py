"""Section `comparison`: what a run is compared with."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from personas.config.base import NonEmpty, Section, Slug

KINDS = ("published", "results", "models", "released")
"""The fields of which a comparison has one."""


class Comparison(Section):
    """One comparison: with published numbers, with another run, of two models, or with the tables of a release."""

    published: Literal[True] | NonEmpty | None = Field(
        default=None, description="true: the numbers in data/published; or a CSV file of that form, or a folder"
    )
    results: NonEmpty | None = Field(default=None, description="results folder of another run")
    models: tuple[Slug, Slug] | None = Field(default=None, description="two models here: the first minus the second")
    released: Literal[True] | None = Field(default=None, description="the tables that the release itself holds")
    called: dict[NonEmpty, NonEmpty] = Field(
        default_factory=dict, description="model, persona, condition or measure here -> what it is called there"
    )

    @field_validator("called")
    @classmethod
    def _each_once(cls, called: dict[str, str]) -> dict[str, str]:
        if len(set(called.values())) < len(called):
            raise ValueError(f"found {', '.join(called.values())}, expected each name there once")
        return called

    @model_validator(mode="after")
    def _with_one_thing(self) -> "Comparison":
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"found {' and '.join(kinds) or 'none'}, expected one of {', '.join(KINDS)}")
        if self.models is not None and self.called:
            raise ValueError("called: found names, expected none for two models of one run")
        return self

    @property
    def kind(self) -> str:
        """Which of `KINDS` this is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)
