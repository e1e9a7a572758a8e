"""The model of any engine, and an intervention of any kind.

Each engine is a module of `personas.engines.kinds`, each kind one of `personas.interventions`, which are asked for by
their names: the config stands above both and imports none of them, so that one more is one more module there.
"""

import importlib
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import AfterValidator, Field

from personas.config.base import Slug
from personas.config.models import ModelSection
from personas.config.personas import NONE

if TYPE_CHECKING:
    from personas.interventions.base import Intervention

    Model = ModelSection
    AnyIntervention = Intervention
else:
    _SECTIONS = tuple(engine.section for engine in importlib.import_module("personas.engines.kinds").ENGINES.values())
    Model = Annotated[Union[_SECTIONS], Field(discriminator="engine")]  # noqa: UP007 (of a tuple)
    _KINDS = tuple(importlib.import_module("personas.interventions").KINDS.values())
    AnyIntervention = Annotated[Union[_KINDS], Field(discriminator="kind")]  # noqa: UP007 (of a tuple)


def _without_none(section: dict[str, Any]) -> dict[str, Any]:
    if NONE in section:
        raise ValueError(f"found the slug {NONE}, expected another: so is called a dialogue without any")
    return section


Interventions = Annotated[dict[Slug, AnyIntervention], AfterValidator(_without_none)]
