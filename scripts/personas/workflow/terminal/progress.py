"""How far a run is: requests, rates, tokens, money, and the time that is left, over all its batches."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from personas.core.lease import Holder
from personas.pages.numbers import compact, minutes, money
from personas.plan.batches import Batch
from personas.plan.costs.estimate import Estimate
from personas.plan.frozen import plan_file, read_batches, run_folder
from personas.plan.outcome import Live, outcome_file, read_outcome
from personas.workflow.time_left import BatchProgress, seconds_left

_SHORT = 2.0
"""Seconds of waiting that are not worth a word: a limit that is used up has every request wait for a moment."""


def read_progress(batches: Sequence[Batch], estimates: Mapping[str, Estimate], folder: Path) -> list[BatchProgress]:
    """Read how far each batch of a run is that asks somebody; `folder` is that of the run."""
    asking = [batch for batch in batches if not batch.imported]
    return [
        BatchProgress(batch, estimates.get(batch.name, Estimate()), read_outcome(outcome_file(folder, batch.name)))
        for batch in asking
    ]


def progress_lines(rows: Sequence[BatchProgress], now: float | None = None) -> list[str]:
    """Return one line about all batches, and one for each that waits for something."""
    now = time.time() if now is None else now
    return [progress_line(rows, now), *_waiting(rows, now)]


def progress_line(rows: Sequence[BatchProgress], now: float) -> str:
    """Return how much of all is done, how fast it goes, what it took so far, and how long the rest will take."""
    n_done, planned = sum(row.n_done for row in rows), sum(row.planned for row in rows)
    parts = [f"{n_done:,} of {planned:,} requests", *_rates(rows)]
    outcomes = [row.outcome for row in rows if row.outcome]
    if tokens := sum(o.prompt_tokens + o.completion_tokens for o in outcomes):
        parts.append(f"{compact(tokens)} tokens")
    parts += filter(None, [money(_money(rows))] if tokens else [])
    if any(row.remaining for row in rows):
        parts.append(f"about {minutes(seconds_left(rows, now) / 60)} left")
    return ", ".join(parts)


def _rates(rows: Sequence[BatchProgress]) -> list[str]:
    lives = [row.live for row in rows if row.live]
    requests, tokens = sum(live.requests_per_second for live in lives), sum(live.tokens_per_second for live in lives)
    return [f"{per_second(requests)}/s", f"{compact(tokens)} tok/s"] if requests else []


def per_second(rate: float) -> str:
    """Return a rate with two digits; less than one in ten seconds with one more."""
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}" if rate >= 0.1 else f"{rate:.2f}"


def _money(rows: Sequence[BatchProgress]) -> dict[str, float]:
    spent: dict[str, float] = {}
    for outcome in (row.outcome for row in rows if row.outcome):
        if outcome.currency:
            spent[outcome.currency] = spent.get(outcome.currency, 0.0) + outcome.money
    return spent


def _waiting(rows: Sequence[BatchProgress], now: float) -> Iterator[str]:
    for row in rows:
        if row.live and (reason := waits(row.live, now)):
            yield f"{row.batch.name} {reason}"


def waits(live: Live, now: float) -> str:
    """Say what a batch waits for, and until when; nothing where it does not, or only for a moment."""
    if not live.waits_for or (live.waits_until and live.waits_until - now < _SHORT):
        return ""
    until = f" until {time.strftime('%H:%M:%S', time.localtime(live.waits_until))}" if live.waits_until else ""
    return f"waits for {live.waits_for}{until}"


def progress_table(rows: Sequence[BatchProgress], working: Collection[str], now: float) -> Table:
    """Return a row for each batch that somebody works on (`working`: names of batches), and one for all."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("batch", overflow="fold")
    for heading in ("requests", "per s", "tok/s", "tokens", "cost", "left"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        if row.batch.name in working:
            table.add_row(row.batch.name, *_cells([row], now))
    table.add_section()
    table.add_row(_count(rows, working), *_cells(rows, now))
    return table


def live_view(results: Path, run: str, holders: Iterable[Holder]) -> list[Table | str]:
    """Return what is to be shown of a run that `holders` of leases work on; nothing where it asks nobody."""
    rows = read_progress(*read_batches(plan_file(results, run)), run_folder(results, run))
    if not rows:
        return []
    now, working = time.time(), {holder.name for holder in holders if holder.run == run}
    return [progress_table(rows, working, now), *(f"{line}." for line in _waiting(rows, now))]


def _count(rows: Sequence[BatchProgress], working: Collection[str]) -> str:
    finished = sum(row.is_finished for row in rows)
    at_work = sum(row.batch.name in working for row in rows)
    return f"all {len(rows)}: {finished} done, {at_work} at work"


def _cells(rows: Sequence[BatchProgress], now: float) -> list[str]:
    n_done, planned = sum(row.n_done for row in rows), sum(row.planned for row in rows)
    lives = [row.live for row in rows if row.live]
    tokens = sum(row.outcome.prompt_tokens + row.outcome.completion_tokens for row in rows if row.outcome)
    left = seconds_left(rows, now) / 60
    return [
        f"{n_done:,} of {planned:,}",
        per_second(sum(live.requests_per_second for live in lives)),
        compact(sum(live.tokens_per_second for live in lives)),
        compact(tokens),
        money(_money(rows)),
        minutes(left) if left else "",
    ]
