"""The process that drives a run, as one of its jobs sees it: a job ends when it is gone."""

import contextlib
import socket
from collections.abc import Iterator

import psutil

from personas.plan.frozen import Run


class Driver:
    """Watches the process that drives a run, if it is one of our ancestors.

    A job of a cluster is no child of its Snakemake. It goes on without: a later start waits for it (`orphaned_jobs`).
    Who lost it before the first look has no such ancestor either; that it has ended tells the two apart, but for
    `may_outlive`: a job of SLURM.
    """

    def __init__(self, run: Run, may_outlive: bool) -> None:
        self._process = _process(run.pid)
        self._is_watched = run.host == socket.gethostname() and (
            run.pid in _ancestors() or (not may_outlive and self._has_ended())
        )

    def is_gone(self) -> bool:
        """Tell whether it has ended, even if its exit status was not asked for yet; False if it is not watched."""
        return self._is_watched and self._has_ended()

    def _has_ended(self) -> bool:
        process = self._process
        try:
            return process is None or not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:  # it ended between two looks
            return True


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _ancestors() -> Iterator[int]:
    """Yield the processes above this one, nearest first, as far as they live."""
    process = psutil.Process()
    with contextlib.suppress(psutil.Error):
        while parent := process.parent():
            yield parent.pid
            process = parent
