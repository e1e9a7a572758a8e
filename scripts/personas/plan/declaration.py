"""Declarations: what a family of tables, figures or pages is, said once, where it is computed.

Nothing lists them: the modules of a package are looked through (`declarations_in`), so a module more is a family
more, and none of the others gets another name.
"""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from personas.core.parquet import read_frame
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, build_artefact
from personas.plan.frozen import FrozenPlan
from personas.plan.source import Entry, source_digest

Files = Mapping[str, Sequence[str]]
"""What an artefact is made of: name of an input -> its files, below the results folder."""

_NO_PARAMETERS = ("reads", "identity", "latex", "source")
"""What the name of an artefact holds besides its parameters."""


@dataclass(frozen=True)
class Instance:
    """One artefact of a declaration: its plain name without folder, what it is made of, and what its maker is told.

    `parameters` and `identity` are plain JSON and stand in the name of the artefact; of `identity` the maker is not
    told. `family` is what the rule is called that makes it, where those of a declaration are made by several. `code`
    is what it is computed with besides what its declaration names, `latex` what its layout in LaTeX is told.
    `reads_texts`: third-party texts must be here. `title` is what it is called in a report.
    """

    name: str
    inputs: Files
    parameters: Mapping[str, Any] = field(default_factory=dict)
    identity: Any = None
    family: str | None = None
    code: Sequence[Entry] = ()
    latex: Mapping[str, Any] | None = None
    reads_texts: bool = False
    title: str = ""


class Context:
    """The artefacts of a grid by family; each family is worked out when it is first asked for."""

    def __init__(self, grid: Grid, declarations: Iterable["Declaration"]) -> None:
        self.grid = grid
        self._declared: dict[str, Declaration] = {}
        for each in declarations:
            other = self._declared.setdefault(each.family, each)
            if other is not each:
                raise ValueError(f"{each.module}: {each.family} is declared by {other.module} too")
        self._known: dict[str, list[Artefact]] = {}
        self._asked: list[str] = []

    def family(self, name: str) -> list[Artefact]:
        """Return the artefacts of a declaration; none where the grid has none."""
        if name not in self._known:
            if name not in self._declared:
                raise ValueError(f"{' -> '.join([*self._asked, name])}: nobody declares {name}")
            if name in self._asked:
                raise ValueError(f"{' -> '.join([*self._asked, name])}: these follow from each other in a circle")
            self._asked.append(name)
            self._known[name] = list(self._declared[name].artefacts(self.grid, self))
            self._asked.pop()
        return self._known[name]

    def one(self, family: str, name: str | None = None) -> Artefact | None:
        """Return the one artefact of a family, or that with a plain name; None where the grid has none."""
        return next((each for each in self.family(family) if name in (None, each.name)), None)

    def outputs(self, family: str) -> list[str]:
        """Return the first file of each artefact of a family."""
        return [each.outputs[0] for each in self.family(family)]

    def everything(self) -> list[Artefact]:
        """Return all artefacts, each behind those that it is made of."""
        for name in self._declared:
            self.family(name)
        return [each for family in self._known.values() for each in family]


Instances = Callable[[Grid, Context], Iterable[Instance]]


@dataclass(frozen=True, kw_only=True)
class Declaration(ABC):
    """A family of artefacts, declared by the module that computes it.

    `family` names it, and the rule that makes it. `instances` yields those that a grid has. `heading` is where
    Snakemake's report has it, nowhere if it is empty; `caption` is what the report says of it, `title` what it calls
    those whose instance has no title: if both are empty, their name in words.
    """

    family: str
    instances: Instances
    module: str
    title: str = ""
    heading: str = ""
    caption: str = ""
    stage: str = ""
    """Of the workflow: ratings, patterns, strength, analysis, figures or report."""

    @abstractmethod
    def outputs(self, name: str) -> Sequence[str]:
        """Return the plain paths of the files of an instance."""

    @property
    @abstractmethod
    def code(self) -> Sequence[Entry]:
        """What all its artefacts are computed with."""

    @abstractmethod
    def make(self, frozen: FrozenPlan, artefact: Artefact) -> None:
        """Write the files of an artefact."""

    def artefacts(self, grid: Grid, context: Context) -> Iterator[Artefact]:
        """Yield the artefacts of the family that a grid has."""
        for each in self.instances(grid, context):
            if clashes := each.parameters.keys() & set(_NO_PARAMETERS):
                raise ValueError(f"{self.module}: {each.name} has a parameter {min(clashes)}, expected another name")
            spec = {
                **each.parameters,
                "reads": {name: len(files) for name, files in each.inputs.items()},
                "source": source_digest(*self.code, *each.code),
                **({} if each.identity is None else {"identity": each.identity}),
                **({} if each.latex is None else {"latex": each.latex}),
            }
            yield build_artefact(
                each.family or self.family,
                f"{self.module}:{self.family}",
                self.outputs(each.name),
                [path for files in each.inputs.values() for path in files],
                spec,
                stage=self.stage,
                heading=self.heading,
                caption=self.caption,
                reads_texts=each.reads_texts,
                title=each.title or self.title or each.name.replace("-", " ").capitalize(),
            )


def parameters(artefact: Artefact) -> dict[str, Any]:
    """Return what the maker of an artefact is told."""
    return {name: value for name, value in artefact.spec.items() if name not in _NO_PARAMETERS}


def inputs_of(artefact: Artefact) -> dict[str, list[str]]:
    """Return the inputs of an artefact by their names."""
    files = iter(artefact.inputs)
    return {name: [next(files) for _ in range(count)] for name, count in artefact.spec["reads"].items()}


def frames_of(frozen: FrozenPlan, artefact: Artefact) -> dict[str, Any]:
    """Return the tables that an artefact is made of, one for each input, by its name."""
    return {name: read_frame(frozen.results / file) for name, [file] in inputs_of(artefact).items()}


@cache
def declarations_in(package: ModuleType) -> tuple[Declaration, ...]:
    """Return the declarations in the modules of a package and of those in it, in the order of their names."""
    names = sorted(module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
    return tuple(declaration for name in names for declaration in _in_module(name))


def make(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write the files of an artefact, as its declaration says."""
    module, _, family = artefact.maker.partition(":")
    if artefact.reads_texts:
        frozen.study.require_texts()
    next(each for each in _in_module(module) if each.family == family).make(frozen, artefact)


@cache
def _in_module(name: str) -> tuple[Declaration, ...]:
    values = vars(importlib.import_module(name)).values()
    return tuple(value for value in values if isinstance(value, Declaration) and value.module == name)
