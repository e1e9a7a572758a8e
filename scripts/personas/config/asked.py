"""The model of any engine. Each engine is a module of `personas.engines.kinds`, which is asked for by its name.

The config stands above the engines and imports none of them, so that one more engine is one more module there.
"""

import importlib
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from personas.config.models import ModelSection

if TYPE_CHECKING:
    Model = ModelSection
else:
    _SECTIONS = tuple(engine.section for engine in importlib.import_module("personas.engines.kinds").ENGINES.values())
    Model = Annotated[Union[_SECTIONS], Field(discriminator="engine")]  # noqa: UP007 (of a tuple)
