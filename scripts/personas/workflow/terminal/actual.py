"""What the last run took, against what its plan had estimated."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from personas.pages.numbers import compact, minutes
from personas.plan.costs.estimate import Estimate
from personas.plan.outcome import Outcome, read_outcomes


@dataclass
class ComparedBatch:
    """One batch of the last run: estimated and, once it ended in whatever way, measured."""

    batch: str
    estimate: Estimate
    outcome: Outcome | None


def last_run(results: Path) -> tuple[str, list[ComparedBatch]] | None:
    """Return the last run that planned engine work, and its batches; None where there was none."""
    for path in sorted((results / "runs").glob("*/plan.json"), reverse=True):
        estimates = _estimates(path)
        if estimates:
            outcomes = {outcome.batch: outcome for outcome in read_outcomes(path.parent)}
            return path.parent.name, [ComparedBatch(name, e, outcomes.get(name)) for name, e in estimates.items()]
    return None


def _estimates(path: Path) -> dict[str, Estimate]:
    try:
        raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")).get("estimates", {})
        return {name: Estimate(**estimate) for name, estimate in raw.items()}
    except (OSError, ValueError, TypeError):  # of another version, or damaged
        return {}


def planned_against_actual(results: Path, narrow: bool = False) -> Table | None:
    """Return the table of the last run; planned figures of batches that have not begun stand alone.

    `narrow` fits 80 columns, and leaves out the tokens that had to be computed at least.
    """
    last = last_run(results)
    if last is None:
        return None
    run, rows = last
    table = Table(
        title=f"Last run, planned and actual ({run})", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    for heading in ("batch", ""):
        table.add_column(heading, overflow="fold")
    for heading in (
        "requests",
        "prompt\ntokens",
        "computed",
        *_least("least", narrow),
        "answer\ntokens",
        "engine\ntime",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.batch, "planned", *_planned(row.estimate, narrow))
        table.add_row("", *(_actual(row.outcome, narrow) if row.outcome else ["not begun"]))
    return table


def _least(text: str, narrow: bool) -> list[str]:
    return [] if narrow else [text]


def _planned(e: Estimate, narrow: bool) -> Sequence[str]:
    tokens = [compact(e.prompt_tokens), compact(e.computed_tokens), *_least("", narrow), compact(e.completion_tokens)]
    return [f"{e.to_send:,}", *tokens, minutes(e.seconds / 60)]


def _actual(o: Outcome, narrow: bool) -> Sequence[str]:
    computed, least = compact(o.prompt_tokens - o.cached_tokens), _least(compact(o.least_tokens), narrow)
    tokens = [compact(o.prompt_tokens), computed, *least, compact(o.completion_tokens)]
    return [o.ended, f"{o.sent:,}", *tokens, minutes(o.engine_seconds / 60)]
