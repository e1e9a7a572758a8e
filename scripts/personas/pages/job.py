"""Write the pages that describe a grid and its results."""

from pathlib import Path

import pandas as pd

from personas.core.files import write_atomically
from personas.pages.pages import grid_parts, heading, page, table
from personas.pages.provenance import provenance, status_shares
from personas.plan.frozen import FrozenPlan


def describe(frozen: FrozenPlan, output: str) -> None:
    """Write the pages of the artefact `output` (the grid, how rows ended, origins), and the origins as CSV."""
    artefact, results = frozen.artefact(output), frozen.results
    note = artefact.spec["note"]
    cells = [frozen.grid.by_path[path] for path in artefact.inputs]
    grid, statuses, origins, origins_csv = (results / path for path in artefact.outputs)
    origin = provenance(results, cells)
    _write(grid, page("The grid", grid_parts(frozen.grid), note))
    _write(statuses, page("How every planned row ended", _by_stage(status_shares(results, cells)), note))
    shown = [table(origin.drop(columns="versions").astype(object)), heading("Versions"), table(_versions(origin))]
    _write(origins, page("Where the results come from", shown, note))
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
