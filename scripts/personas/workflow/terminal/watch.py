"""`personas status --watch`: how far whoever works on the results is, until nobody does."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live

from personas.core.lease import Holder, live_holders
from personas.plan.frozen import plan_file, read_batches, run_folder
from personas.workflow.terminal.progress import live_view, progress_lines, read_progress

_TERMINAL, _FILE = 2.0, 30.0
"""Seconds between two looks: on a terminal, and where each adds lines to a file."""


def watch(results: Path, console: Console) -> None:
    """Show how far every live run is: one table that changes on a terminal, lines of text elsewhere.

    Returns once nobody works on the results; Ctrl-C ends it before, and disturbs no run.
    """
    try:
        (_watch_table if console.is_terminal else _watch_lines)(results, console)
    except KeyboardInterrupt:
        return


def _watch_table(results: Path, console: Console) -> None:
    with Live(console=console, auto_refresh=False) as live:
        while holders := live_holders(results / "leases"):
            views = [view for run in _runs(holders) for view in live_view(results, run, holders)]
            live.update(Group(*views) if views else "At work: tables and figures.", refresh=True)
            time.sleep(_TERMINAL)


def _watch_lines(results: Path, console: Console) -> None:
    while holders := live_holders(results / "leases"):
        for run in _runs(holders):
            rows = read_progress(*read_batches(plan_file(results, run)), run_folder(results, run))
            lines = progress_lines(rows) if any(row.remaining for row in rows) else ["at work: tables and figures"]
            for line in lines:
                text = f"{time.strftime('%H:%M:%S')}  {line}"
                console.print(text, highlight=False, markup=False, soft_wrap=True)
        time.sleep(_FILE)


def _runs(holders: Sequence[Holder]) -> list[str]:
    return sorted({holder.run for holder in holders})
