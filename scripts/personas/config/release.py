"""Section `release`: where the study's released files are, and what they call our conditions."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from personas.config.base import NonEmpty, Section, Slug

BaselineOrder = Literal["personas", "items"]


class Release(Section):
    """A checkout of the study's repository, whose files become cells of models with engine `released`."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"folder", "conditions"})
    # Both say where to look; what enters the identity are the hashes of the files found there. `baseline_order`
    # decides which question an answer belongs to.

    folder: NonEmpty = Field(default="data/external/release", description="folder of the checkout")
    conditions: dict[Slug, Literal["interview", "instructions"]] = Field(
        default={"persona-directed": "interview", "goal-oriented": "instructions"},
        description="condition here -> its name in the release; others have no cells of released models",
    )

    baseline_order: BaselineOrder | dict[Slug, BaselineOrder] | None = Field(
        default=None,
        description="order of the baseline's answers to the questions of all personas, of every benchmark or by its "
        "slug: one persona after the other, as the roles stand; or as the questions stand in the item files. "
        "Default: matched by the words of the answers, and where these tell nothing, as the study has them",
    )

    def named_order(self, benchmark: str) -> BaselineOrder | None:
        """Return the order that the config names for a benchmark."""
        order = self.baseline_order
        return order.get(benchmark) if isinstance(order, dict) else order

    @field_validator("conditions")
    @classmethod
    def _each_once(cls, names: dict[str, str]) -> dict[str, str]:
        if len(set(names.values())) < len(names):
            raise ValueError(f"found {', '.join(names.values())}, expected each name of the release once")
        return names
