"""Section `batches`: how missing cells are cut into jobs. Never part of an identity."""

from typing import ClassVar

from pydantic import Field

from personas.config.base import Section


class Batches(Section):
    """Limits of one batch (one job with one engine)."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"max_cells", "max_minutes"})

    max_cells: int = Field(default=100, gt=0, le=100, description="cells a batch makes at most")
    max_minutes: float = Field(default=120, gt=0, description="estimated engine minutes of a batch at most")
