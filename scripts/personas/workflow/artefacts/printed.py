"""Tables as LaTeX: which of a grid's tables are also written so."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personas.plan.artefact import Artefact, artefact
from personas.plan.source import source_digest
from personas.tables.layouts import LAYOUTS


def printed(tables: Mapping[str, Artefact], measures: Sequence[Mapping[str, Any]]) -> Iterator[Artefact]:
    """Yield `tables/<name>.tex` for each table (by plain name) whose kind has a layout."""
    known = {measure["measure"]: measure["scale"] for measure in measures}
    for name, table in tables.items():
        kind = table.spec["kind"]
        if kind in LAYOUTS:
            source = source_digest("tables/printed.py")
            scales = known if LAYOUTS[kind].scaled else None
            spec = {"kind": kind, "label": f"tab:{name}", "scales": scales, "source": source}
            yield artefact("latex", "typeset", [f"tables/{name}.tex"], table.outputs[:1], spec)
