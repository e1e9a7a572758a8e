"""What every page declares: how it is written from tables and figures, and which pages a grid has."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from personas.core.files import write_atomically
from personas.core.parquet import read_frame
from personas.grid.grid import Grid
from personas.pages.html import templates_digest
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Declaration, Instance, Instances, inputs_of, parameters
from personas.plan.frozen import FrozenPlan
from personas.plan.source import Entry


@dataclass(frozen=True, kw_only=True)
class Page(Declaration):
    """A family of pages. `write` gets each input by its name (a table, or the path of a picture) and parameters."""

    write: Callable[..., str]
    stage: str = "report"
    heading: str = "What was found"

    def outputs(self, name: str) -> list[str]:
        """Return the plain path of a page."""
        return [f"report/{name}.html"]

    @property
    def code(self) -> Sequence[Entry]:
        """What the pages are written with."""
        return (self.write,)

    def make(self, frozen: FrozenPlan, artefact: Artefact) -> None:
        """Write a page."""
        read = {name: _read(frozen.results / file) for name, [file] in inputs_of(artefact).items()}
        text = self.write(**read, **parameters(artefact))
        write_atomically(frozen.results / artefact.outputs[0], text.encode())


def _read(path: Path) -> Any:
    return read_frame(path) if path.suffix == ".parquet" else path


def page(family: str, write: Callable[..., str], instances: Instances, *, module: str, caption: str) -> Page:
    """Declare a family of pages; `module` is the one that declares it. `write` gets the `note` of the config too."""
    return Page(family=family, write=write, instances=with_note(instances), module=module, caption=caption)


def with_note(instances: Instances) -> Instances:
    """Have pages told the note of the config, and their names hold the templates."""

    def instances_with_note(grid: Grid, context: Context) -> Iterator[Instance]:
        note = grid.study.config.figures.note
        for instance in instances(grid, context):
            parameters = {**instance.parameters, "note": note}
            yield replace(instance, parameters=parameters, identity=[instance.identity, templates_digest()])

    return instances_with_note
