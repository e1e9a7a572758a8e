"""Write the pages that describe a grid and its results."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from personas.core.files import write_atomically
from personas.grid.grid import Grid
from personas.pages.html import document, grid_parts, heading, table
from personas.pages.page import with_note
from personas.pages.provenance import provenance, status_shares
from personas.plan.artefact import Artefact
from personas.plan.declaration import Declaration, Instance, Known
from personas.plan.frozen import FrozenPlan
from personas.plan.source import Entry


def describe(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write the pages of an artefact (the grid, how rows ended, origins), and the origins as CSV."""
    results = frozen.results
    note = artefact.spec["note"]
    cells = [frozen.grid.by_path[path] for path in artefact.inputs]
    grid, statuses, origins, origins_csv = (results / path for path in artefact.outputs)
    origin = provenance(results, cells)
    _write(grid, document("The grid", grid_parts(frozen.grid), note))
    _write(statuses, document("How every planned row ended", _by_stage(status_shares(results, cells)), note))
    shown = [table(origin.drop(columns="versions").astype(object)), heading("Versions"), table(_versions(origin))]
    _write(origins, document("Where the results come from", shown, note))
    write_atomically(origins_csv, origin.to_csv(index=False).encode())


def _versions(origin: pd.DataFrame) -> pd.DataFrame:
    """Return every version that was met, and the stages in which it was."""
    told = origin.assign(version=origin["versions"].str.split(", ")).explode("version")
    stages = told.groupby("version")["stage"].agg(lambda met: ", ".join(dict.fromkeys(met)))
    return stages.rename("stages").reset_index()


def _by_stage(shares: pd.DataFrame) -> list[str]:
    parts: list[str] = []
    for stage, rows in shares.groupby("stage", sort=False):
        parts += [heading(str(stage)), table(rows.drop(columns="stage").astype(object))]
    return parts


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode())


@dataclass(frozen=True, kw_only=True)
class GridPages(Declaration):
    """The pages that describe the grid, how its rows ended, and where they come from."""

    stage: str = "report"
    heading: str = "What was done"

    def outputs(self, name: str) -> list[str]:
        """Return the plain paths of all of them."""
        return ["report/grid.html", "report/statuses.html", "report/provenance.html", "report/provenance.csv"]

    @property
    def code(self) -> Sequence[Entry]:
        """What the pages are written with."""
        return (describe,)

    def make(self, frozen: FrozenPlan, artefact: Artefact) -> None:
        """Write the pages."""
        describe(frozen, artefact)


def _instances(grid: Grid, known: Known) -> Iterator[Instance]:
    yield Instance("grid", {"cells": [cell.path for cell in grid.cells]})


GRID_PAGES = GridPages(
    family="grid_pages",
    instances=with_note(_instances),
    module=__name__,
    caption="The plan (models, personas, dialogue conditions, benchmarks, judges), how every planned row ended, and "
    "where results come from: cells, engines, versions, minutes and tokens, as the files tell of themselves.",
)
