"""The engines, one module each: every `Engine` that a module of this package declares, by its name in the config."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

from personas.engines.kinds.engine import Engine

__all__ = ["ENGINES", "Engine"]


def _discover() -> Iterator[Engine]:
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        values = vars(importlib.import_module(f"{__name__}.{name}")).values()
        yield from (value for value in values if isinstance(value, Engine))


ENGINES: Mapping[str, Engine] = {engine.name: engine for engine in _discover()}
"""Every engine by its name."""
