"""The page that lists everything that follows from cells; `python -m personas.workflow.listing` writes it."""

from collections.abc import Iterator
from pathlib import Path

from personas.plan.declaration import Declaration
from personas.workflow.artefacts import declarations
from personas.workflow.stages import WITHOUT_ENGINE

PAGE = Path("docs/artefacts.md")
_HEAD = """# Ratings, patterns, tables, figures, pages

Everything that follows from the cells, as its module declares it: the family is the name of the
rule that makes what is missing of it (of all but tables, figures and pages one for each model), the
heading where Snakemake's report has it. `python -m personas.workflow.listing` writes this page.
What the columns of tables mean stands in [results.md](results.md) and
[statistics.md](statistics.md), how figures are read in [figures.md](figures.md).
"""
_STAGES = {
    "ratings": "Ratings",
    "patterns": "Token patterns",
    "strength": "Strength without a judge",
    "analysis": "Tables",
    "figures": "Figures",
    "report": "Pages",
}


def render() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *(line for stage in WITHOUT_ENGINE for line in _section(stage))])


def _section(stage: str) -> Iterator[str]:
    families = sorted((each for each in declarations() if each.stage == stage), key=lambda each: each.family)
    yield from (f"## {_STAGES[stage]}", "", "| family | files | in the report | module |", "|---|---|---|---|")
    yield from map(_row, families)
    yield ""


def _row(each: Declaration) -> str:
    suffixes = ", ".join(dict.fromkeys(path.rpartition(".")[2] for path in each.outputs("name")))
    module = each.module.removeprefix("personas.").replace(".", "/")
    return f"| `{each.family}` | {suffixes} | {each.heading or '–'} | `{module}.py` |"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
