"""What every family of figures declares: who draws it from one table, and which of them a grid has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from personas.figures.drawing import style
from personas.figures.drawing.judges import judges_in, judges_text
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Declaration, Instance, Instances, frames_of, parameters
from personas.plan.frozen import FrozenPlan
from personas.plan.source import Entry

if TYPE_CHECKING:  # here and in all modules of figures: who plans draws nothing, and matplotlib takes half a second
    from matplotlib.figure import Figure as Drawn

_RELIABILITY, _JUDGES = "reliability", "judges"


@dataclass(frozen=True, kw_only=True)
class Figure(Declaration):
    """A family of figures, as PDF and PNG. `draw` gets the table of an instance, more tables by their names if there
    are some, and its parameters.
    """

    draw: Callable[..., Drawn]
    stage: str = "figures"

    def outputs(self, name: str) -> list[str]:
        """Return the plain paths of a figure."""
        return [f"figures/{name}.pdf", f"figures/{name}.png"]

    @property
    def code(self) -> Sequence[Entry]:
        """What the figures are drawn with."""
        return (self.draw, style.save, judges_text)

    def make(self, frozen: FrozenPlan, artefact: Artefact) -> None:
        """Draw a figure."""
        pdf, png = (frozen.results / path for path in artefact.outputs)
        frames, options = frames_of(frozen, artefact), parameters(artefact)
        sentences = judges_text(frames.pop(_RELIABILITY, None), options.pop(_JUDGES, {}))
        options["note"] = "\n".join(filter(None, [sentences, options["note"]])) or None
        style.save(self.draw(frames.pop("table"), **frames, **options), pdf, png)


def figure(
    family: str,
    draw: Callable[..., Drawn],
    instances: Instances,
    *,
    module: str,
    caption: str,
    heading: str = "Benchmarks",
) -> Figure:
    """Declare a family of figures; `module` is the one that declares it.

    `draw` gets the table that is the input `table` of an instance, other inputs by their names, and its parameters,
    with the `note` of the config. A figure of measures or panels that judges rated, or whose parameters name
    `judges`, says how far these agree with themselves and with people, before that note.
    """

    def with_note(grid: Grid, context: Context) -> Iterator[Instance]:
        note, reliability = grid.study.config.figures.note, context.one(_RELIABILITY)
        for instance in instances(grid, context):
            judges = instance.parameters.get(_JUDGES) or judges_in(instance.parameters)
            files = {_RELIABILITY: reliability.outputs[:1]} if judges and reliability else {}
            extra = {"note": note, **({_JUDGES: judges} if judges else {})}
            yield replace(instance, inputs={**instance.inputs, **files}, parameters={**instance.parameters, **extra})

    return Figure(family=family, draw=draw, instances=with_note, module=module, caption=caption, heading=heading)
