"""Keeps an engine process no longer than its owner: `python -m scripts.engines.keeper COMMAND ...`.

The owner holds the other end of this process's standard input. Whatever ends the owner, SIGKILL included,
closes that pipe; the keeper then ends the engine's whole process group. Where the kernel offers it, the engine
itself also dies with the keeper. Standard library only, so that it starts at once.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time

GRACE_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run the engine until it ends or the owner is gone; return the engine's exit status."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    libc = _libc()
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, preexec_fn=lambda: _before_engine(libc)) as engine:
        while engine.poll() is None:
            if _owner_gone(0.2):
                _end_group(engine)
        return engine.returncode if engine.returncode >= 0 else 128 - engine.returncode


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
