"""The main measures over the dialogue, in each model and in each persona: a row each."""

from collections.abc import Iterator

from personas.figures.drawing.grids import draw
from personas.figures.figure import figure
from personas.figures.suites import suites
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance, Instances


def _by(by: str) -> Instances:
    def instances(grid: Grid, context: Context) -> Iterator[Instance]:
        table, study = context.one("averages"), grid.study
        rows = list(study.config.models if by == "model" else study.personas)
        for suite in suites(grid) if table else ():
            if table:
                parameters = {"by": by, "rows": rows, "measures": suite.measures}
                title = f"Main measures by {by}: {suite.title}"
                yield Instance(f"{by}s-{suite.name}", {"table": table.outputs[:1]}, parameters, title=title)

    return instances


_BANDS = "Bands and whiskers are 95 % intervals; the figure says over what."

PANELS_BY_MODEL = figure(
    "panels_by_model",
    draw,
    _by("model"),
    module=__name__,
    heading="Models and personas",
    caption=f"The main measures over the dialogue, in each model. {_BANDS}",
)
PANELS_BY_PERSONA = figure(
    "panels_by_persona",
    draw,
    _by("persona"),
    module=__name__,
    heading="Models and personas",
    caption=f"The main measures over the dialogue, in each persona. {_BANDS}",
)
