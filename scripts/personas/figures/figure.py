"""What every family of figures declares: who draws it from one table, and which of them a grid has."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from matplotlib.figure import Figure

from personas.core.parquet import read_frame
from personas.figures.drawing import style
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.declaration import Declaration, Instance, Instances, Known, parameters
from personas.plan.frozen import FrozenPlan


def figure(
    family: str,
    draw: Callable[..., Figure],
    instances: Instances,
    *,
    module: str,
    caption: str,
    heading: str = "Benchmarks",
) -> Declaration:
    """Declare a family of figures: PDF and PNG of each.

    `module` is the one that declares it. `draw` gets the one table that is the input of an instance, and its
    parameters, with the `note` of the config.
    """

    def noted(grid: Grid, known: Known) -> Iterator[Instance]:
        note = grid.study.config.figures.note
        for instance in instances(grid, known):
            yield replace(instance, parameters={**instance.parameters, "note": note})

    def make(frozen: FrozenPlan, artefact: Artefact) -> None:
        pdf, png = (frozen.results / path for path in artefact.outputs)
        style.save(draw(read_frame(frozen.results / artefact.inputs[0]), **parameters(artefact)), pdf, png)

    return Declaration(family, module, _files, noted, make, heading, caption)


def _files(name: str) -> list[str]:
    return [f"figures/{name}.pdf", f"figures/{name}.png"]
