"""What the last run took, against what its plan had estimated."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from scripts.batch.outcome import Outcome, read_outcomes
from scripts.plan.estimate import Estimate
from scripts.report.numbers import compact, minutes


@dataclass
class Compared:
    """One batch of the last run: estimated and, once it ended in whatever way, measured."""

    batch: str
    estimate: Estimate
    outcome: Outcome | None


def last_run(results: Path) -> tuple[str, list[Compared]] | None:
    """Return the last run that planned engine work, and its batches; None where there was none."""
    for path in sorted((results / "runs").glob("*/plan.json"), reverse=True):
        estimates = _estimates(path)
        if estimates:
            outcomes = {outcome.batch: outcome for outcome in read_outcomes(path.parent)}
            return path.parent.name, [Compared(name, e, outcomes.get(name)) for name, e in estimates.items()]
    return None


def _estimates(path: Path) -> dict[str, Estimate]:
    try:
        raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")).get("estimates", {})
        return {name: Estimate(**estimate) for name, estimate in raw.items()}
    except (OSError, ValueError, TypeError):  # of another version, or damaged
        return {}


def planned_against_actual(results: Path) -> Table | None:
    """Return the table of the last run; planned figures of batches that have not begun stand alone."""
    found = last_run(results)
    if found is None:
        return None
    run, compared = found
    table = Table(title=f"planned -> actual, run {run}", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("batch", overflow="fold")
    for heading in ("ended", "requests sent", "prompt tokens", "computed", "answer tokens", "engine time"):
        table.add_column(heading, justify="right")
    for row in compared:
        table.add_row(row.batch, *_row(row))
    return table


def _row(row: Compared) -> Sequence[str]:
    e, o = row.estimate, row.outcome
    planned = (str(e.to_send), *map(compact, (e.prompt_tokens, e.computed_tokens, e.completion_tokens)))
    planned = (*planned, minutes(e.seconds / 60))
    if o is None:
        return ["not begun", *planned]
    computed = o.prompt_tokens - o.cached_tokens
    actual = (str(o.sent), *map(compact, (o.prompt_tokens, computed, o.completion_tokens)))
    actual = (*actual, minutes(o.engine_seconds / 60))
    return [o.ended, *(f"{before} -> {after}" for before, after in zip(planned, actual, strict=True))]
