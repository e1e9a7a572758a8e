"""Keeps an engine process no longer than its owner: `python -m personas.core.process_guard COMMAND ...`.

The owner holds the other end of this process's standard input. Whatever ends the owner, SIGKILL included,
closes that pipe; the guard then ends the engine's whole process group. Where the kernel offers it, the engine
itself also dies with the guard. Standard library only, so that it starts at once.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

GRACE_SECONDS = 10.0
_REST_SECONDS = 2.0
"""For what an engine that died left behind. Short: its owner learns of the death only then."""
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run the engine until it ends or the owner is gone; return the engine's exit status."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    libc = _libc()
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGCONT, 0, 0, 0)  # a guard that was stopped goes on when it is needed
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, preexec_fn=lambda: _before_engine(libc)) as engine:
        while engine.poll() is None:
            if _owner_gone(0.2):
                _end_group(engine)
        _end_rest()
        return engine.returncode if engine.returncode >= 0 else 128 - engine.returncode


def _end_rest() -> None:
    """End what an engine that ended by itself left of its group: workers that hold a GPU's memory, for example."""
    deadline = time.monotonic() + _REST_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.killpg(os.getpgrp(), signal.SIGTERM)  # we ignore it
    while _others() and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in _others():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _others() -> list[int]:
    """Return the other living processes of our group, where the system tells (Linux)."""
    pids = []
    for entry in os.scandir("/proc") if sys.platform == "linux" else ():
        with contextlib.suppress(OSError, ValueError):
            pid = int(entry.name)
            if pid != os.getpid() and os.getpgid(pid) == os.getpgrp() and not _is_zombie(pid):
                pids.append(pid)
    return pids


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[:1] == [b"Z"]


def _libc() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    except OSError:
        return None


def _before_engine(libc: ctypes.CDLL | None) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _owner_gone(timeout: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        return bool(selector.select(timeout)) and not os.read(sys.stdin.fileno(), 1)


def _end_group(engine: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(os.getpgrp(), signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while engine.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    # The group includes this process: its last act.
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
