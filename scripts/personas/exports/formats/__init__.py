"""The formats, one module each: every `Format` that a module of this package declares, by its name."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

from personas.exports.formats.format import Format

__all__ = ["FORMATS", "Format"]


def _discover() -> Iterator[Format]:
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        values = vars(importlib.import_module(f"{__name__}.{name}")).values()
        yield from (value for value in values if isinstance(value, Format))


FORMATS: Mapping[str, Format] = {each.name: each for each in _discover()}
"""Every format by its name."""
