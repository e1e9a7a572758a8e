"""Section `patterns`: which token patterns are mined and counted."""

from pydantic import Field, field_validator, model_validator

from personas.config.base import Section, Slug, each_once


class Patterns(Section):
    """Token patterns that tell a persona's answers from the baseline's."""

    benchmarks: tuple[Slug, ...] | None = Field(
        default=None, description="benchmarks whose responses are mined; default: all; []: none"
    )
    checkpoint: int | None = Field(
        default=None, ge=0, description="checkpoint whose responses are mined; default: the first"
    )
    also_last: bool = Field(
        default=False, description="mine the last checkpoint too, to compare how many patterns there are"
    )
    fisher_p: float = Field(default=0.01, gt=0, le=1, description="largest p-value of a pattern, uncorrected")
    min_overlap: float = Field(default=0.3, ge=0, le=1, description="how far tokens overlap to be tried together")
    as_published: bool = Field(
        default=False,
        description="mine as the study did: white space is a token, texts and vocabulary are in order of appearance",
    )
    cross_fit: bool | None = Field(
        default=None,
        description="mine in the answers to one half of the items, count in those to the other, both ways; "
        "default: true, and false with as_published",
    )
    max_minutes: float = Field(default=15, gt=0, description="longest search for one persona, benchmark, condition")

    _each_once = field_validator("benchmarks")(each_once)

    @property
    def in_halves(self) -> bool:
        """Tell whether patterns are cross-fitted."""
        return not self.as_published if self.cross_fit is None else self.cross_fit

    @model_validator(mode="after")
    def _as_published_or_cross_fitted(self) -> "Patterns":
        if self.as_published and self.cross_fit:
            raise ValueError("cross_fit: found true, expected false with as_published, which mines and counts in all")
        return self
