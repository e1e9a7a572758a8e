"""Tables by model, persona and benchmark that only figures read."""

from collections.abc import Iterator, Sequence
from typing import Any

from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact
from personas.plan.declaration import Known
from personas.plan.source import source_digest

_TABLES = {
    "averages": "tables/averages.py",
    "token-averages": "tables/tokens.py",
    "pattern-units": "tables/pattern_units.py",
    "pattern-numbers": "tables/pattern_units.py",
}
"""Kind of table -> the module that makes it."""


def unit_tables(grid: Grid, known: Known) -> Iterator[Artefact]:
    """Yield the tables that what is known allows: values, lengths, and the counts of mined patterns."""
    if values := known.table("values"):
        yield _table(grid, "averages", "averages", values.outputs[:1])
    if lengths := known.table("lengths"):
        yield _table(grid, "token-averages", "token-averages", lengths.outputs[:1])
    mined = [made for made in known.artefacts if made.maker == "mine_patterns"]
    if not mined:
        return
    at = min(made.spec["checkpoint"] for made in mined)  # those of the last checkpoint only are compared
    first = [made.outputs[1] for made in mined if made.spec["checkpoint"] == at]
    yield _table(grid, "patterns-by-unit", "pattern-units", first)
    if len(first) < len(mined):
        yield _table(grid, "patterns-numbers", "pattern-numbers", [made.outputs[1] for made in mined])


def _table(grid: Grid, name: str, kind: str, inputs: Sequence[str]) -> Artefact:
    figures = grid.study.config.figures
    spec: dict[str, Any] = {"kind": kind, "resamples": figures.resamples, "seed": figures.seed}
    spec |= {"source": source_digest(_TABLES[kind], "tables/job.py")}
    return artefact(
        kind.replace("-", "_"), "summarise", [f"tables/{name}.parquet", f"tables/{name}.csv"], inputs, spec
    )
