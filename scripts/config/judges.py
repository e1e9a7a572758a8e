"""Section `judges`: the models that rate utterances and responses."""

from typing import ClassVar

from pydantic import Field

from scripts.config.base import Section
from scripts.config.models import Model


class Judge(Section):
    """A judge: a model of its own. Rubrics and templates follow with the judging stage."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"name"})

    model: Model
    name: str | None = Field(default=None, description="display name; not used yet")
