"""`personas plan`: what a run would make, and why."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from scripts.plan.plan import Plan
from scripts.report.status import cells_table

JSON_VERSION = 1


def plan_json(plan: Plan, reasons: Mapping[str, str]) -> dict[str, Any]:
    """Return the plan as plain JSON types; docs/results.md describes the fields of this version."""
    return {
        "version": JSON_VERSION,
        "cells": len(plan.grid.cells),
        "missing": [
            {
                "path": cell.path,
                "stage": cell.stage,
                "model": cell.track.model,
                "persona": cell.track.persona,
                "condition": cell.track.condition,
                "order": cell.track.order,
                "replicate": cell.track.replicate,
                "benchmark": cell.benchmark,
                "as_persona": cell.as_persona,
                "reason": reasons[cell.path],
            }
            for cell in plan.missing
        ],
        "batches": [
            {"name": b.name, "model": b.model, "cells": len(b.outputs), "requests": b.requests, "minutes": b.minutes}
            for b in plan.batches
        ],
    }


def print_plan(plan: Plan, reasons: Mapping[str, str], console: Console) -> None:
    """Print cells per model and stage, the reasons with the number of cells each has, and the size of the work."""
    console.print(cells_table(plan))
    for reason, cells in Counter(reasons.values()).most_common():
        console.print(f"{cells:>7} missing: {reason}", highlight=False, markup=False)
    requests, minutes = sum(b.requests for b in plan.batches), sum(b.minutes for b in plan.batches)
    if plan.batches:
        console.print(
            f"{len(plan.batches)} batches, at most {requests} requests (journaled ones are not sent), "
            f"about {minutes:.0f} engine minutes by stated defaults.",
            highlight=False,
        )
    else:
        console.print("Every cell is current.")
