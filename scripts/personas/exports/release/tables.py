"""Make one table of the release: what became of its files, its own tables, and how far ours agree."""

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd

from personas.core.files import write_atomically
from personas.core.parquet import read_frame, write_frame
from personas.exports.release.accounting import accounting
from personas.exports.release.agreement import pattern_agreement
from personas.exports.release.summaries import COLUMNS, mined_places, summary
from personas.exports.release.verdicts import verdicts
from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan


def tabulate(frozen: FrozenPlan, output: str) -> None:
    """Write the table of the artefact `output`, as Parquet and as CSV."""
    frozen.study.require_texts()
    artefact = frozen.artefact(output)
    table = _TABLES[artefact.spec["kind"]](frozen, artefact)
    parquet, csv = (frozen.results / path for path in artefact.outputs)
    write_atomically(csv, partial(table.to_csv, index=False))
    write_frame(parquet, table)


def _verdicts(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    return verdicts(frozen, [frozen.grid.by_path[path] for path in artefact.inputs])


def _agreement(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    read = [read_frame(frozen.results / path) for path in artefact.inputs]
    ours, counts = (pd.concat(half, ignore_index=True) for half in (read[::2], read[1::2]))
    released, faults = summary(frozen.study, "patterns")
    return pattern_agreement(ours, counts, released, mined_places(frozen.study, faults))


_TABLES: Mapping[str, Callable[[FrozenPlan, Artefact], pd.DataFrame]] = {
    "files": lambda frozen, artefact: accounting(frozen.grid, frozen.results),
    "verdicts": _verdicts,
    "pattern-agreement": _agreement,
    **{name: lambda frozen, artefact: summary(frozen.study, artefact.spec["kind"])[0] for name in COLUMNS},
}
"""Kind of table -> how it is made."""
