"""Draw the figure of scores by checkpoint."""

import pandas as pd

from scripts.figures import style
from scripts.figures.by_checkpoint import draw
from scripts.plan.frozen import FrozenPlan


def draw_by_checkpoint(frozen: FrozenPlan, output: str) -> None:
    """Write the figure as PDF (`output`) and PNG."""
    artefact = frozen.artefact(output)
    series = pd.read_parquet(frozen.results / artefact.inputs[0])
    figure = draw(series, note=artefact.spec["note"])
    pdf, png = (frozen.results / path for path in artefact.outputs)
    style.save(figure, pdf, png)
