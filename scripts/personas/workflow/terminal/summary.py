"""The few lines a run ends with."""

import os
import shlex
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence

from personas.engines.request import STATUSES
from personas.plan.frozen import FrozenPlan
from personas.plan.outcome import FINISHED, UNDER_WAY, Outcome, read_outcomes
from personas.workflow.terminal.headline import headline
from personas.workflow.terminal.troubles import troubles

COMMAND_VARIABLE = "PERSONAS_COMMAND"
"""Environment variable with the command that was typed, where that was not Snakemake's own."""

_HELPED_BY_ANOTHER_TRY = frozenset({UNDER_WAY, "stopped", "out-of-walltime", "engine-died"})
"""Ends after which the same command goes on, without anything having been set right."""


def print_summary(frozen: FrozenPlan, targets: Collection[str] | None = None) -> None:
    """Print what the run made, how its items ended, what is missing, and where to look."""
    print("\n".join(summary(frozen, targets)), file=sys.stderr, flush=True)


def summary(frozen: FrozenPlan, targets: Collection[str] | None = None) -> list[str]:
    """Return the lines of the summary; `targets` are the files of the grid that the run was to make, None for all."""
    from personas.exports.formats import FORMATS  # takes a while to load, and a run begins with this module

    results = frozen.results
    outcomes = list(read_outcomes(frozen.folder()))
    planned = [path for batch in frozen.batches for path in batch.outputs]
    lines = ["", *_made_lines(planned, outcomes, frozen)] if planned else [""]
    lines += [line for each in FORMATS.values() for line in each.doubts(frozen)]
    lines.extend(troubles(frozen.targets, results).lines())
    failed = [outcome for outcome in outcomes if outcome.ended != FINISHED]
    lines += _causes(failed)
    lines += _missing(frozen, frozen.targets if targets is None else targets, failed)
    if finding := headline(results):
        lines.append(f"Found: {finding}")
    overview = results / "current/figures/overview.png"
    places = [f"{overview} (and the figures beside it)"] if overview.exists() else []
    lines.append(f"Look at: {', '.join([*places, f'{results}/current/'])}")
    return lines


def _causes(failed: Sequence[Outcome]) -> Iterator[str]:
    """Say each cause once: it names model and address, and what to do; and which batches ended by it."""
    batches: dict[tuple[str, str], list[str]] = defaultdict(list)
    for outcome in failed:
        batches[outcome.ended, outcome.why].append(outcome.batch)
    for (ended, why), names in batches.items():
        of = names[0] if len(names) == 1 else f"{len(names)} batches, {names[0]} first"
        yield f"Failed ({of}): {ended}{f': {why}' if why else ', ended before it could say why'}"


def _missing(frozen: FrozenPlan, targets: Collection[str], failed: Sequence[Outcome]) -> Iterator[str]:
    """Say what of the grid is not there, apart from each other what was asked for and what was not."""
    everything, missing = frozen.targets, {p for p in frozen.targets if not (frozen.results / p).exists()}
    lacking = missing.intersection(targets)
    of = "files" if len(targets) == len(everything) else "files that were asked for"
    if lacking:
        yield f"Missing: {len(lacking)} of {len(targets)} {of}."
        yield f"{_before_next(frozen, lacking, failed)}: {command()}"
    if rest := missing - lacking:
        yield f"Not asked for: {len(rest)} of {len(everything)} files; `snakemake` without a target makes them."
    if not missing:
        yield f"Complete: all {len(everything)} files of the grid are there."


def _before_next(frozen: FrozenPlan, lacking: Collection[str], failed: Sequence[Outcome]) -> str:
    """Say what is to be done before the next command, which goes on from the journal."""
    if any(outcome.ended not in _HELPED_BY_ANOTHER_TRY for outcome in failed):
        return "Next, once that is set right (what is finished stays)"
    if failed or any(path in lacking for batch in frozen.batches for path in batch.outputs):
        return "Next, to go on: run the same command again"
    return f"What kept tables and figures from being made stands above and in {frozen.folder()}/logs/; then"


def command() -> str:
    """Return the command that was typed, as far as it can be known."""
    typed = os.environ.get(COMMAND_VARIABLE) or shlex.join(["snakemake", *sys.argv[1:]])
    return f"uv run {typed}" if "UV" in os.environ else typed


def _made_lines(planned: list[str], outcomes: list[Outcome], frozen: FrozenPlan) -> list[str]:
    n_made = sum((frozen.results / path).exists() for path in planned)
    sent, reused = sum(o.sent for o in outcomes), sum(o.from_journal for o in outcomes)
    lines = [f"Made: {n_made} of {len(planned)} cells, {sent} requests sent, {reused} answered by the journal."]
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        for statuses in outcome.statuses.values():
            counts.update(statuses)
    if counts:
        endings = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
        lines.append(f"Items by status: {endings}.")
        lines += _about_statuses(counts, outcomes, frozen)
    return lines


def _about_statuses(counts: Counter[str], outcomes: Sequence[Outcome], frozen: FrozenPlan) -> Iterator[str]:
    """Say what statuses mean that something in the config may have brought about, and what to set."""
    config = frozen.study.config
    if cut := counts["truncated"]:
        allowed = {batch.model_section(config).sampling.max_tokens for batch in frozen.batches if not batch.imported}
        limits = " or ".join(map(str, sorted(allowed)))
        share = f"{cut / counts.total():.0%}"
        yield f"  truncated ({share}): longer than `sampling.max_tokens` ({limits}), or that of a benchmark, allows."
    short = {o.model for o in outcomes for statuses in o.statuses.values() if statuses.get("context_overflow")}
    if short:
        yield (
            f"  context_overflow ({', '.join(sorted(short))}): dialogue, item and answer do not fit the context; to "
            "do: raise `context_length` where the model has one, or ask for fewer rounds."
        )
