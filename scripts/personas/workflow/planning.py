"""Plan a grid with all tables, figures and pages that follow from it."""

from pathlib import Path

from personas.grid.grid import Grid
from personas.plan import plan_report
from personas.plan.plan_report import PlanReport
from personas.workflow.artefacts import downstream


def look(grid: Grid, results: Path, only_plan: bool = False) -> PlanReport:
    """Plan a grid against a results folder; reads, and changes nothing. `only_plan`: no reasons and no estimates."""
    return plan_report.look(grid, downstream(grid), results, only_plan)
