"""Write one table as LaTeX."""

from personas.core.files import write_atomically
from personas.core.parquet import read_frame
from personas.plan.frozen import FrozenPlan
from personas.tables.latex import latex, told
from personas.tables.layouts import LAYOUTS


def typeset(frozen: FrozenPlan, output: str) -> None:
    """Write the artefact `output`: its one input as LaTeX."""
    artefact = frozen.artefact(output)
    table, layout = read_frame(frozen.results / artefact.inputs[0]), LAYOUTS[artefact.spec["kind"]]
    if layout.scaled:
        table = table.assign(scale=table["measure"].map(artefact.spec["scales"]))
    rows = layout.rows(table)
    caption = " ".join(part for part in (layout.caption, told(rows, layout.counts, layout.extra)) if part)
    text = latex(rows, layout.columns, caption, artefact.spec["label"])
    write_atomically(frozen.results / artefact.outputs[0], text.encode())
