"""The few lines a run ends with."""

import sys
from collections import Counter
from collections.abc import Collection, Iterator

from personas.engines.request import STATUSES
from personas.plan.frozen import FrozenPlan
from personas.plan.outcome import Outcome, read_outcomes
from personas.workflow.terminal.troubles import troubles


def print_summary(frozen: FrozenPlan, asked: Collection[str] | None = None) -> None:
    """Print what the run made, how its items ended, what is missing, and where to look."""
    print("\n".join(summary(frozen, asked)), file=sys.stderr, flush=True)


def summary(frozen: FrozenPlan, asked: Collection[str] | None = None) -> list[str]:
    """Return the lines of the summary; `asked` are the files of the grid that the run was to make, None for all."""
    from personas.exports.formats import FORMATS  # takes a while to load, and a run begins with this module

    results = frozen.results
    outcomes = list(read_outcomes(frozen.folder()))
    planned = [path for batch in frozen.batches for path in batch.outputs]
    lines = ["", *_made(planned, outcomes, frozen)] if planned else [""]
    lines += _missing(frozen, frozen.targets if asked is None else asked)
    lines += [line for each in FORMATS.values() for line in each.doubts(frozen)]
    lines.extend(troubles(frozen.targets, results).lines())
    overview = results / "current/figures/by-checkpoint.png"
    shown = [f"{overview} (and the figures beside it)"] if overview.exists() else []
    lines.append(f"Look at: {', '.join([*shown, f'{results}/current/'])}")
    return lines


def _missing(frozen: FrozenPlan, asked: Collection[str]) -> Iterator[str]:
    """Say what of the grid is not there, apart from each other what was asked for and what was not."""
    everything, missing = frozen.targets, {p for p in frozen.targets if not (frozen.results / p).exists()}
    lacking = missing.intersection(asked)
    of = "files" if len(asked) == len(everything) else "files that were asked for"
    if lacking:
        yield f"Missing: {len(lacking)} of {len(asked)} {of}; run the same command again to go on."
    if left := missing - lacking:
        yield f"Not asked for: {len(left)} of {len(everything)} files; `snakemake` without a target makes them."
    if not missing:
        yield f"Complete: all {len(everything)} files of the grid are there."


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
