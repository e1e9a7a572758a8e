"""Lines that tell how far a run is, where no terminal shows it: in a file, under nohup, in CI, on a cluster."""

import atexit
import sys
import threading
import time
from typing import Any

from personas.plan.frozen import FrozenPlan
from personas.workflow.terminal.progress import progress_lines, read_progress

SECONDS = 30.0
"""Between two lines."""


def log_progress(workflow: Any, frozen: FrozenPlan) -> None:
    """Print a line about all batches every 30 s for as long as the process lives.

    None on a terminal, where batches draw bars of their own, unless they are jobs elsewhere.
    """
    jobs_elsewhere = workflow.resource_settings.nodes is not None
    if not frozen.batches or (sys.stderr.isatty() and not jobs_elsewhere):
        return
    over = threading.Event()
    threading.Thread(target=_log, args=(frozen, over), daemon=True).start()
    atexit.register(over.set)


def _log(frozen: FrozenPlan, over: threading.Event) -> None:
    last: list[str] = []
    while not over.wait(SECONDS):
        rows = read_progress(frozen.batches, frozen.estimates, frozen.folder())
        lines = progress_lines(rows)
        if lines != last and any(row.remaining for row in rows):
            print("\n".join(f"{time.strftime('%H:%M:%S')}  {line}" for line in lines), file=sys.stderr, flush=True)
        last = lines
