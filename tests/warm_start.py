"""Snakemake in a fork of a process that has imported it: most of a start are imports, and the tests start it often.

What a fork runs is what `python -m snakemake` runs, and imports the project from the checkout that it runs in. Tests
that kill Snakemake, or look for it by its command line, start a process of its own (`Checkout.start`).
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache

IMPORTED = (
    *("snakemake.cli", "smart_open", "yte", "nbformat", "docutils.core", "rich.console"),
    *("numpy", "pyarrow.parquet", "pydantic", "filelock", "yaml", "psutil", "jinja2"),
)
"""Modules of others that a start imports. Those of the project are in each checkout."""
_PR_SET_PDEATHSIG = 1


def run_snakemake(
    arguments: Sequence[str], folder: str, environment: Mapping[str, str], timeout: float
) -> tuple[int, str]:
    """Run it to its end; return its exit code and what it printed. `subprocess.TimeoutExpired` after `timeout` s."""
    with tempfile.NamedTemporaryFile("r", errors="replace") as printed:
        asked = {"arguments": arguments, "folder": folder, "environment": dict(environment), "printed": printed.name}
        server = _server()
        assert server.stdin and server.stdout
        print(json.dumps([asked, timeout]), file=server.stdin, flush=True)
        code: int | None = json.loads(server.stdout.readline())
        if code is None:
            raise subprocess.TimeoutExpired(["snakemake", *arguments], timeout, printed.read())
        return code, printed.read()


@cache
def _server() -> "subprocess.Popen[str]":
    """Start the process that forks. It ends with its input, so with the tests, and its forks end with it."""
    command = [sys.executable, "-P", __file__]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(server.communicate)  # waits, so that its processor time is counted
    return server


def _serve() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        asked, timeout = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(**asked)
        handle = os.pidfd_open(pid)
        ended = handle in select.select([handle, sys.stdin], [], [], timeout)[0]  # the input ends with the tests
        os.close(handle)
        if not ended:
            os.killpg(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(BrokenPipeError):  # nobody waits any more
            print(json.dumps(code if ended else None), flush=True)


def _run(arguments: Sequence[str], folder: str, environment: Mapping[str, str], printed: str) -> None:
    """Become what a start would be: of its own session, folder, environment and arguments."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    for number, path, mode in ((0, os.devnull, os.O_RDONLY), (1, printed, os.O_WRONLY), (2, printed, os.O_WRONLY)):
        os.dup2(os.open(path, mode | os.O_APPEND), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in environment
    sys.path.insert(0, folder)
    sys.argv = ["snakemake", *arguments]
    from snakemake.cli import main

    sys.exit(main())


if __name__ == "__main__":
    _serve()
