"""The process that drives a run, as one of its jobs sees it: a job ends when it is gone."""

import contextlib
import socket
from collections.abc import Iterator

import psutil

from scripts import slurm
from scripts.plan.frozen import Run


class Driver:
    """Watches the process that drives a run, from a job on the same machine.

    A job of a cluster is no child of its Snakemake, and elsewhere it cannot be watched. Such a job goes on without: a
    later start waits for it (`leftovers`).
    """

    def __init__(self, run: Run) -> None:
        self._is_watched = run.host == socket.gethostname() and (slurm.job_id() is None or run.pid in _ancestors())
        self._process = _process(run.pid) if self._is_watched else None

    def is_gone(self) -> bool:
        """Tell whether it has ended, also before it could be watched, and also while its parent has not noticed."""
        if not self._is_watched:
            return False
        try:
            process = self._process
            return process is None or not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.Error:
            return True


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _ancestors() -> Iterator[int]:
    """Yield the processes above this one, nearest first, as far as they live."""
    process = psutil.Process()
    with contextlib.suppress(psutil.Error):
        while parent := process.parent():
            yield parent.pid
            process = parent
