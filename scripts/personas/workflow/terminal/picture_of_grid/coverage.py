"""How much of the grid there is, by stage, model and persona: the table behind the picture, and the picture."""

from collections import defaultdict
from itertools import product
from pathlib import Path

import pandas as pd

from personas.config.personas import BASELINE
from personas.core.errors import UserError
from personas.figures.drawing import style
from personas.grid.cells import STAGES, Cell
from personas.plan.costs.estimate import Estimate, total
from personas.plan.plan_report import PlanReport
from personas.workflow.terminal.picture_of_grid.picture import draw_picture

FAILED = "failed last time"


def coverage(plan_report: PlanReport) -> pd.DataFrame:
    """Return one row per (stage, model, persona): `cells`, `current`, `journaled` (share 0..1 of the missing cells'
    requests), `failed` (missing cells that failed last time). Pairs without a cell have a row of zeros. Judgements of
    published answers are of no model here, and left out.
    """
    plan = plan_report.plan
    missing = {cell.path for cell in plan.missing}
    tiles: dict[tuple[str, str, str], list[Cell]] = defaultdict(list)
    for cell in plan.grid.cells:
        tiles[cell.stage, cell.track.model, cell.track.persona].append(cell)
    study = plan.grid.study
    speakers = [*study.personas, *([BASELINE] if study.config.personas.baseline else [])]
    stages = {stage for stage, _, _ in tiles}
    places = list(product([s for s in STAGES if s in stages], study.config.models, speakers))
    rows = [_counts(plan_report, tiles.get(place, []), missing) for place in places]
    return pd.DataFrame(places, columns=["stage", "model", "persona"]).join(pd.DataFrame(rows))


def _counts(plan_report: PlanReport, cells: list[Cell], missing: set[str]) -> dict[str, float]:
    lacking = [cell.path for cell in cells if cell.path in missing]
    work = total(plan_report.estimates.get(path, Estimate()) for path in lacking)
    return {
        "cells": len(cells),
        "current": len(cells) - len(lacking),
        "journaled": work.journaled / work.requests if work.requests else 0.0,
        "failed": sum(FAILED in plan_report.reasons[path] for path in lacking),
    }


def write_picture(plan_report: PlanReport, path: Path) -> None:
    """Draw the grid and write it as PDF and PNG, whichever of the two `path` names; UserError for another suffix."""
    if path.suffix not in (".png", ".pdf"):
        raise UserError(f"--picture: found {path.name!r}, expected a name that ends in .png or .pdf.")
    plan = plan_report.plan
    cells = sum(cell.completions is None for cell in plan.grid.cells)
    current = cells - sum(cell.completions is None for cell in plan.missing)
    figure = draw_picture(coverage(plan_report), title=f"{current:,} of {cells:,} cells are current")
    style.save(figure, path.with_suffix(".pdf"), path.with_suffix(".png"))
