"""Processes of a run: found by a mark in their environment, waited for, and ended."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil

from tests.helpers import PATIENCE

MARK = "PERSONAS_TEST_MARK"


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Return the first true value of `condition`; AssertionError when it takes too long.

    A look at all processes takes its time, and is taken from those that are waited for: at most a fifth of a core.
    """
    deadline = time.monotonic() + seconds
    began = time.monotonic()
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(max(0.01, 4 * (time.monotonic() - began)))
        began = time.monotonic()
    return value


def marked(mark: str, without: int = 0) -> list[psutil.Process]:
    """Return every living process that has `mark` in its environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = process.pid != without and process.environ().get(MARK) == mark
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def wait_for_none(find: Callable[[], list[psutil.Process]], seconds: float) -> None:
    """Wait until `find` finds nothing. It looks at all processes, so ask it again once those it found have ended."""
    deadline = time.monotonic() + seconds
    while found := find():
        while any(map(_lives, found)):
            assert time.monotonic() < deadline, f"waited {seconds} s for {found} to end"
            time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def killed_with(mark: str) -> Iterator[None]:
    """Leave no process with this mark behind, however the context ends."""
    try:
        yield
    finally:
        for process in marked(mark):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def to(pid: int) -> Callable[[int], object]:
    """Return what sends a signal to a process, if it still lives."""

    def send(number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    return send


def to_group(pid: int) -> Callable[[int], object]:
    """Return what sends a signal to a process group."""

    def send(number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)

    return send


def by_command(processes: list[psutil.Process], part: str) -> Callable[[int], object] | None:
    """Return what sends a signal to the process whose command line holds `part`.

    The youngest of several: a keeper names its engine on its own command line.
    """
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if any(part in word for word in process.cmdline()):
                found.append((process.create_time(), process.pid))
    return to(max(found)[1]) if found else None
