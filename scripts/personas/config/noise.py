"""Section `noise`: repeats of a part of the grid, which show how much a value varies by itself."""

from pydantic import Field

from personas.config.base import Section


class Noise(Section):
    """More replicates of some dialogues, with all that stands behind them."""

    cells: float = Field(
        default=0.1, gt=0, le=1, description="share of the dialogues that are repeated, drawn by their names"
    )
    replicates: int = Field(default=2, ge=2, le=1000, description="replicates of those; more than all others have")
