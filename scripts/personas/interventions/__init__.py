"""The interventions by kind, one module each: every `Intervention` in a module of this package, found by looking."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from inspect import isabstract, isclass
from typing import get_args

from personas.interventions.base import Exchange, History, Intervention

__all__ = ["KINDS", "Exchange", "History", "Intervention"]


def _kinds() -> Iterator[type[Intervention]]:
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        for value in vars(importlib.import_module(f"{__name__}.{name}")).values():
            if isclass(value) and issubclass(value, Intervention) and not isabstract(value):
                yield value


KINDS: Mapping[str, type[Intervention]] = {
    get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in _kinds()
}
"""Every kind by its name."""
