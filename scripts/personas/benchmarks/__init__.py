"""The benchmarks by kind: every `Benchmark` in a module of this package, found by looking through them."""

import importlib
import pkgutil
from collections.abc import Iterator
from inspect import isabstract, isclass

from personas.benchmarks.base import Benchmark, Item, UnscorableItem

__all__ = ["BENCHMARKS", "Benchmark", "Item", "UnscorableItem"]


def _discover() -> Iterator[Benchmark]:
    modules = sorted(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__) if not module.ispkg)
    for value in (value for name in modules for value in vars(importlib.import_module(name)).values()):
        if isclass(value) and issubclass(value, Benchmark) and not isabstract(value):
            yield value()


BENCHMARKS: dict[str, Benchmark] = {benchmark.kind: benchmark for benchmark in _discover()}
"""Every benchmark by its `kind`."""
