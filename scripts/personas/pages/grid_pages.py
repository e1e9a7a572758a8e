"""Write the pages that describe a grid and its results."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from personas.core.files import write_atomically
from personas.grid.grid import Grid
from personas.grid.question_sets import asked_items
from personas.pages.html import render, section, table, text
from personas.pages.page import with_note
from personas.pages.provenance import provenance, status_shares
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Declaration, Instance
from personas.plan.frozen import FrozenPlan
from personas.plan.source import Entry


def describe(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write the pages of an artefact (the grid, how rows ended, origins), and the origins as CSV."""
    results = frozen.results
    note = artefact.spec["note"]
    cells = [frozen.grid.by_path[path] for path in artefact.inputs]
    grid, statuses, origins, origins_csv = (results / path for path in artefact.outputs)
    origin = provenance(results, cells)
    _write(grid, "The grid", _of_grid(frozen.grid), note)
    _write(statuses, "How every planned row ended", _by_stage(status_shares(results, cells)), note)
    tables = [table(origin.drop(columns="versions").astype(object)), table(_versions(origin), "Versions")]
    _write(origins, "Where the results come from", tables, note)
    write_atomically(origins_csv, origin.to_csv(index=False).encode())


def _versions(origin: pd.DataFrame) -> pd.DataFrame:
    """Return every version that was met, and the stages in which it was."""
    rows = origin.assign(version=origin["versions"].str.split(", ")).explode("version")
    stages = rows.groupby("version")["stage"].agg(lambda values: ", ".join(dict.fromkeys(values)))
    return stages.rename("stages").reset_index()


def _by_stage(shares: pd.DataFrame) -> list[Mapping[str, Any]]:
    groups = shares.groupby("stage", sort=False)
    return [table(rows.drop(columns="stage").astype(object), str(stage)) for stage, rows in groups]


def _write(path: Path, title: str, parts: Sequence[Mapping[str, Any]], note: str | None) -> None:
    write_atomically(path, render("tables.html", title, note, parts=parts).encode())


def _of_grid(grid: Grid) -> list[Mapping[str, Any]]:
    """Return what the grid consists of: cells by stage and model, and every value of each axis."""
    config = grid.study.config
    cells = Counter((cell.stage, cell.track.model, cell.judge or "") for cell in grid.cells)
    counts = [(*key, n) for key, n in cells.items()]
    models = [(slug, m.id, m.revision, m.engine, m.sampling.temperature) for slug, m in config.models.items()]
    judges = [
        (slug, j.model.id, j.model.engine, j.form, ", ".join([*j.utterances, *config.judged_benchmarks(slug)]))
        for slug, j in config.judges.items()
    ]
    talks = [(slug, c.rounds, ", ".join(c.orders), ", ".join(c.ask_in)) for slug, c in config.conditions.items()]
    benchmarks = [(slug, config.kind_of(slug), _items(grid, slug)) for slug in config.benchmarks]
    checkpoints = ", ".join(map(str, config.checkpoints))
    return [
        section("Cells", ("stage", "model", "judge", "cells"), counts),
        section("Models", ("model", "id", "revision", "engine", "temperature"), models),
        section("Personas", ("persona", "role"), [(s, p.role) for s, p in grid.study.personas.items()]),
        section("Dialogue conditions", ("condition", "rounds", "orders", "items asked in"), talks),
        text(f"Items are asked after {checkpoints} rounds; {config.replicates} replicate(s)."),
        section("Benchmarks", ("benchmark", "kind", "items per persona"), benchmarks),
        *([section("Judges", ("judge", "id", "engine", "form", "rates"), judges)] if judges else []),
    ]


def _items(grid: Grid, benchmark: str) -> str:
    counts = {
        len(items) for persona in grid.study.personas for _, items in asked_items(grid.study, benchmark, persona)
    }
    return " to ".join(map(str, sorted({min(counts), max(counts)}))) if counts else "none"


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


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    yield Instance("grid", {"cells": [cell.path for cell in grid.cells]})


GRID_PAGES = GridPages(
    family="grid_pages",
    instances=with_note(_instances),
    module=__name__,
    caption="The plan (models, personas, dialogue conditions, benchmarks, judges), how every planned row ended, and "
    "where results come from: cells, engines, versions, minutes and tokens, as the files tell of themselves.",
)
