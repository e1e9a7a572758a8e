"""Faults of Snakemake that long runs meet, mended in every process of Snakemake that reads our rules.

This reaches into classes that are not documented, hence the pin `snakemake<10` and tests of what is changed. A
version that has no such class or method runs as it is.
"""

import _thread
import contextlib
from collections.abc import Awaitable, Callable, Set
from functools import cache
from typing import Any


@cache
def patch_scheduler() -> None:
    """Patch the class of the scheduler, of which Snakemake makes an instance after it has read the rules."""
    with contextlib.suppress(ImportError):
        from snakemake.scheduling.job_scheduler import JobScheduler

        for name, patch in PATCHES.items():
            if hasattr(JobScheduler, name):
                setattr(JobScheduler, name, patch(getattr(JobScheduler, name)))


def hide(files: Set[str]) -> None:
    """Have Snakemake take files for absent while it decides which jobs to run: they are there, and made again."""
    with contextlib.suppress(ImportError):
        from snakemake.io import _IOFile

        if hasattr(_IOFile, "exists_local"):
            _IOFile.exists_local = _unless_hidden(_IOFile.exists_local, files)


def _unless_hidden(exists: Callable[[Any], Awaitable[bool]], files: Set[str]) -> Callable[[Any], Awaitable[bool]]:
    async def exists_local(file: Any) -> bool:
        # Its cache is active until the first job begins.
        is_hidden = str(file) in files and file.rule.workflow.iocache.active
        return not is_hidden and await exists(file)

    return exists_local


def _in_a_thread(handler: Callable[..., None]) -> Callable[..., None]:
    """Have SIGTERM answered in another thread.

    Snakemake's own handler takes a lock. The main thread, which runs handlers, holds that lock while it completes
    jobs and selects new ones; a SIGTERM at such a moment made the process wait for itself for ever.
    """

    def exit_gracefully(scheduler: Any, *signal: Any) -> None:
        _thread.start_new_thread(handler, (scheduler, *signal))  # `threading` takes locks of its own

    return exit_gracefully


PATCHES: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {"exit_gracefully": _in_a_thread}
"""Name of a method -> what makes the patched one of it."""
