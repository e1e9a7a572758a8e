"""Section `statistics`: which tables of differences and models are made, and by whose rules."""

from pydantic import Field

from personas.config.base import Section


class Statistics(Section):
    """What is computed from the values of all measures."""

    study: bool = Field(
        default=False, description="the study's own bars beside ours, and its grouping in the mixed models"
    )
    mixed_models: bool = Field(default=True, description="whether the table of mixed models is made")
