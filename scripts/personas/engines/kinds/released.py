"""No engine at all: answers that are imported from the study's released files."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from personas.config.models import ModelSection, Needs
from personas.core.errors import UserError
from personas.engines.kinds.engine import Engine

if TYPE_CHECKING:
    from personas.engines.place import Place
    from personas.engines.running import RunningEngine


class ReleasedModel(ModelSection):
    """A model (or judge) whose answers are not asked for but imported from the study's released files."""

    not_identity: ClassVar[frozenset[str]] = ModelSection.not_identity | {"directory"}
    # `directory` is a place; what enters the identity are the hashes of the files found there.

    needs: ClassVar[Needs] = Needs(
        threads=1, megabytes=2000, seconds_per_token=0.02, start_seconds=0.0, counts_tokens=False
    )

    engine: Literal["released"]
    directory: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="name of its folder in the release")

    @property
    def released_as(self) -> str | None:
        """The name of its folder in the release."""
        return self.directory


def _serve(model: ReleasedModel, place: Place) -> AbstractAsyncContextManager[RunningEngine]:
    raise UserError(f"{place.where}.engine: found released, expected an engine: released answers are imported.")


ENGINE = Engine(section=ReleasedModel, serve=_serve)
