"""The few lines a run ends with."""

import sys
from collections import Counter

from scripts.batch.outcome import Outcome, read_outcomes
from scripts.engines.request import STATUSES
from scripts.plan.frozen import FrozenPlan
from scripts.released.doubts import doubts
from scripts.report.troubles import troubles


def print_summary(frozen: FrozenPlan) -> None:
    """Print what the run made, how its items ended, what is missing, and where to look."""
    print("\n".join(summary(frozen)), file=sys.stderr, flush=True)


def summary(frozen: FrozenPlan) -> list[str]:
    """Return the lines of the summary."""
    results = frozen.results
    outcomes = list(read_outcomes(frozen.folder()))
    planned = [path for batch in frozen.batches for path in batch.outputs]
    lines = ["", *_made(planned, outcomes, frozen)] if planned else [""]
    missing = [path for path in frozen.targets if not (results / path).exists()]
    if missing:
        lines.append(f"Missing: {len(missing)} of {len(frozen.targets)} files; run the same command again to go on.")
    else:
        lines.append(f"Complete: all {len(frozen.targets)} files of the grid are there.")
    lines += doubts(frozen)
    lines.extend(troubles(frozen.targets, results).lines())
    overview = results / "current/figures/by-checkpoint.png"
    shown = [f"{overview} (and the figures beside it)"] if overview.exists() else []
    lines.append(f"Look at: {', '.join([*shown, f'{results}/current/'])}")
    return lines


def _made(planned: list[str], outcomes: list[Outcome], frozen: FrozenPlan) -> list[str]:
    made = sum((frozen.results / path).exists() for path in planned)
    sent, reused = sum(o.sent for o in outcomes), sum(o.from_journal for o in outcomes)
    lines = [f"Made: {made} of {len(planned)} cells, {sent} requests sent, {reused} answered by the journal."]
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        for statuses in outcome.statuses.values():
            counts.update(statuses)
    if counts:
        ended = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
        lines.append(f"Items by status: {ended}.")
    return lines
