"""Rubrics: what one metric looks at, and what its verdicts mean. One YAML file each, named after the metric."""

from typing import ClassVar, Literal

from pydantic import Field

from personas.config.base import NonEmpty, Section

Scale = Literal["likert", "yes-no", "pairwise"]


class Trait(Section):
    """One personality trait: its definition and its two ends."""

    definition: NonEmpty
    low: NonEmpty = Field(description="what somebody is like who has little of it: 1")
    high: NonEmpty = Field(description="what somebody is like who has much of it: 5")


class _Rubric(Section):
    """What all rubrics have. `needs_persona` decides what is asked at all, and shapes no prompt."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"needs_persona"})

    criterion: NonEmpty = Field(description="what the judge looks at, and what does not count")
    earlier: NonEmpty | None = Field(
        default=None,
        description="heading of what was said earlier, where the judge reads that too: of a dialogue the nearest "
        "answers, of an item the answer at the first checkpoint; default: it reads the answer alone",
    )
    needs_persona: bool = Field(default=True, description="whether it makes no sense without a persona")


class LikertRubric(_Rubric):
    """Verdicts 1 to 5."""

    scale: Literal["likert"]
    levels: tuple[NonEmpty, ...] = Field(min_length=5, max_length=5, description="what 1, 2, 3, 4 and 5 mean")
    traits: dict[NonEmpty, Trait] | None = Field(
        default=None, min_length=1, description="the traits, of which each prompt rates one; default: none is rated"
    )

    def text(self) -> str:
        """Return what the judge reads of it; the trait to rate stands elsewhere in the prompt."""
        return "\n".join([self.criterion, *(f"{n} = {level}" for n, level in enumerate(self.levels, start=1))])


class YesNoRubric(_Rubric):
    """Verdicts yes and no."""

    scale: Literal["yes-no"]
    yes: NonEmpty = Field(description="what yes means")
    no: NonEmpty = Field(description="what no means")

    def text(self) -> str:
        """Return what the judge reads of it."""
        return f"{self.criterion}\nyes = {self.yes}\nno = {self.no}"


class PairwiseRubric(_Rubric):
    """Verdicts A and B. A rule for ties belongs into the criterion."""

    scale: Literal["pairwise"]

    def text(self) -> str:
        """Return what the judge reads of it."""
        return self.criterion


Rubric = LikertRubric | YesNoRubric | PairwiseRubric

RUBRICS: dict[str, type[Rubric]] = {"likert": LikertRubric, "yes-no": YesNoRubric, "pairwise": PairwiseRubric}
"""By scale."""
