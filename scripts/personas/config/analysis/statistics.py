"""Section `statistics`: what is claimed, over which units, and which tables are made by whose rules."""

from typing import Literal

from pydantic import Field

from personas.config.base import Section


class Statistics(Section):
    """What is computed from the values of all measures."""

    generalise: list[Literal["models", "personas", "items"]] = Field(
        default=["models", "personas", "items"],
        description="what intervals and tests speak of beyond what was measured; a unit of which the grid has too "
        "few is left out, and every figure says so",
    )
    headline: list[str] | None = Field(
        default=None,
        description="measures (slugs of `tables/measures`) whose differences are claims, corrected together; null: "
        "the main ones of the first judge",
    )
    correction: Literal["benjamini-hochberg", "holm"] = Field(
        default="benjamini-hochberg", description="how claims are corrected for how many there are"
    )
    study: bool = Field(
        default=False, description="the study's own bars beside ours, and its grouping in the mixed models"
    )
    mixed_models: bool = Field(default=True, description="whether the table of mixed models is made")
