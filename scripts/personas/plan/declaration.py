"""Declarations: what a family of tables, figures or pages is, said once, where it is computed.

Nothing lists them: the modules of a package are looked through (`declarations_in`), so a module more is a family
more, and none of the others gets another name.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact, by_plain_name
from personas.plan.frozen import FrozenPlan
from personas.plan.source import source_digest


@dataclass(frozen=True)
class Instance:
    """One artefact of a family: its plain name without folder, what it is made of, and what its maker is told.

    `parameters` are plain JSON; they stand in the name of the artefact.
    """

    name: str
    inputs: Sequence[str]
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Known:
    """The artefacts of a grid so far, while those that follow from them are planned."""

    def __init__(self, artefacts: Iterable[Artefact]) -> None:
        self.artefacts = list(artefacts)
        self._tables = by_plain_name(self.artefacts)

    def table(self, name: str) -> Artefact | None:
        """Return a table by its plain name without folder and suffix; None where the grid has none."""
        return self._tables.get(f"tables/{name}")

    def family(self, name: str) -> list[Artefact]:
        """Return the artefacts of a family."""
        return [each for each in self.artefacts if each.family == name]


Instances = Callable[[Grid, Known], Iterable[Instance]]


@dataclass(frozen=True)
class Declaration:
    """A family. `module` (`personas.figures.card`) computes it, so its source stands in the names of its artefacts.

    `outputs` are the files of an instance, by its name; `heading` and `caption` stand in Snakemake's report.
    """

    family: str
    module: str
    outputs: Callable[[str], Sequence[str]]
    instances: Instances
    make: Callable[[FrozenPlan, Artefact], None]
    heading: str
    caption: str

    @property
    def maker(self) -> str:
        """What an artefact says of who makes it; `maker_of` undoes it."""
        return f"{self.module}:{self.family}"

    def artefacts(self, grid: Grid, known: Known) -> Iterator[Artefact]:
        """Yield the artefacts of the family that a grid has."""
        source = source_digest(f"{self.module.removeprefix('personas.').replace('.', '/')}.py")
        for instance in self.instances(grid, known):
            spec = {**instance.parameters, "source": source}
            outputs = self.outputs(instance.name)
            yield artefact(
                self.family, self.maker, outputs, instance.inputs, spec, heading=self.heading, caption=self.caption
            )


def parameters(made: Artefact) -> dict[str, Any]:
    """Return what the maker of a declared artefact is told."""
    return {name: value for name, value in made.spec.items() if name != "source"}


@cache
def declarations_in(package: ModuleType) -> tuple[Declaration, ...]:
    """Return the declarations in the modules of a package, in the order of their names."""
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.ispkg)
    return tuple(found for name in modules for found in _in_module(f"{package.__name__}.{name}"))


def maker_of(maker: str) -> Callable[[FrozenPlan, str], None]:
    """Return what makes an artefact, from its `maker`."""
    module, _, family = maker.partition(":")
    declaration = next(each for each in _in_module(module) if each.family == family)
    return lambda frozen, output: declaration.make(frozen, frozen.artefact(output))


@cache
def _in_module(name: str) -> tuple[Declaration, ...]:
    values = vars(importlib.import_module(name)).values()
    return tuple(value for value in values if isinstance(value, Declaration) and value.module == name)
