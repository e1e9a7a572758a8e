"""As many open files as the machine allows: every request under way is one."""

import contextlib
import resource

from personas.core.errors import UserError

MARGIN = 128
"""Files that a batch has open beside its requests: journals, cells, libraries, the pipes of an engine."""


def allow_open_files(concurrency: int, where: str) -> None:
    """Raise the limit of open files as far as we may; UserError where `concurrency` requests do not fit below it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    if soft != resource.RLIM_INFINITY and concurrency + MARGIN > soft:
        raise UserError(
            f"{where}.concurrency: found {concurrency}, expected at most {max(soft - MARGIN, 0)}, because a process "
            f"may open {soft} files here (ulimit -Hn)."
        )
