"""Section `figures`: intervals and notes."""

from pydantic import Field

from personas.config.base import Section


class Figures(Section):
    """What all figures share."""

    resamples: int = Field(default=1000, gt=0, description="bootstrap resamples")
    seed: int = Field(default=42, ge=0, description="seed of the bootstrap")
    note: str | None = Field(default=None, description="sentence printed under every figure")
