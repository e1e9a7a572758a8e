"""The warm process: it has imported what tables and figures need, and each of them is made in a fork of it.

A figure takes a second to draw, and a process of its own two seconds to import what draws it. The process that drives
a run starts the warm one and tells its jobs of it in their environment. A job that finds none, as on the node of a
cluster, makes its artefact by itself. The warm process imports what a first fork had to, and ends with the run.
"""

import atexit
import contextlib
import importlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NoReturn

from personas.workflow.making import Making, make, warm_up

VARIABLE = "PERSONAS_WARM_PROCESS"
"""Holds the path of the socket on which the warm process listens, in a folder that only this user may enter."""

_STREAMS = (1, 2)
"""A job passes these on: what its fork writes appears where the job's own words would."""

ONE_THREAD = {
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")},
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow's jemalloc
}
"""A library's idle threads would not live on in a fork, and from Python 3.12 on a fork beside them is warned of."""

_LONGEST_ADDRESS = 107
"""Bytes that a path of a socket may have on Linux (unix(7))."""
_LONGEST_MESSAGE = 128 * 1024
_SECONDS_TO_ASK = 10.0
_CREDENTIALS = struct.Struct("3i")
_PID_BYTES = 4
"""A fork tells its process id in so many bytes, and its exit code in one."""

LOOK_SECONDS = 2.0
STOPPED_PATIENCE = 30.0
"""Seconds for which a process that makes an artefact may be stopped."""


def start() -> None:
    """Start the warm process and tell the jobs of this process of it; it ends when this process does.

    Only on Linux: elsewhere a process cannot be forked safely once it has loaded its libraries.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # it only saves time: a run goes on without it
            _start()


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="personas-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = str(folder / "socket")
    if len(os.fsencode(address)) > _LONGEST_ADDRESS:
        return
    # In a session of its own: an interrupt at the terminal is for Snakemake and the jobs to answer.
    process = subprocess.Popen(
        [sys.executable, "-m", "personas.workflow.warm", address],
        stdin=subprocess.PIPE,
        env={**os.environ, **ONE_THREAD},
        start_new_session=True,
    )
    atexit.register(_end, process)
    os.environ[VARIABLE] = address


def forget() -> None:
    """Drop from the environment a warm process that another run started, perhaps on another machine."""
    os.environ.pop(VARIABLE, None)


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.communicate(timeout=10)  # closes its standard input
    except subprocess.TimeoutExpired:
        process.kill()


def made(making: Making) -> int | None:
    """Have an artefact made in a fork of the warm process; the exit code of its job, None where nobody made it."""
    address = os.environ.get(VARIABLE)
    if address is None:
        return None
    request = {"prefix": sys.prefix, "folder": str(Path.cwd()), "making": making}
    with contextlib.suppress(OSError), _socket() as connection:
        connection.connect(address)
        socket.send_fds(connection, [json.dumps(request).encode()], _STREAMS)
        return _answer(connection)
    return None


def _answer(connection: socket.socket) -> int | None:
    """Wait for the exit code of the fork that was asked; None where there will be none.

    Whoever was stopped would hold its job for ever, so it is ended after a while. First that is the warm process, and
    the fork once it has told its process id.
    """
    maker, _, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    stopped_since: float | None = None
    connection.settimeout(LOOK_SECONDS)
    while True:
        try:
            message = connection.recv(_PID_BYTES)
        except TimeoutError:
            stopped_since = (stopped_since or time.monotonic()) if _is_stopped(maker) else None
            if stopped_since is not None and time.monotonic() - stopped_since > STOPPED_PATIENCE:
                os.kill(maker, signal.SIGKILL)
                return None
            continue
        if len(message) < _PID_BYTES:
            return message[0] if message else None
        maker = int.from_bytes(message, "big")


def _is_stopped(pid: int) -> bool:
    from personas.core.locks import is_stopped  # few jobs wait so long, and the others need not import it

    return is_stopped(pid)


def _socket() -> socket.socket:
    """A kind that keeps messages whole."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def main() -> None:
    """Serve jobs until standard input ends: it does when the process that drives the run is gone, however it went."""
    address = Path(sys.argv[1])
    heard, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with _socket() as listening:
        try:
            listening.bind(str(address))
        except OSError:  # no file system for sockets; every job then makes its file by itself
            return
        listening.listen(64)
        while True:
            ready, _, _ = select.select([listening, heard, sys.stdin], [], [])
            _count_ended()
            if sys.stdin in ready:
                break
            if heard in ready:
                _import(heard.recv(_LONGEST_MESSAGE))
            if listening in ready:
                connection, _ = listening.accept()
                with connection, contextlib.suppress(OSError, ValueError):
                    _serve(connection, listening, told)
    shutil.rmtree(address.parent, ignore_errors=True)  # whoever started this may have been killed


def _count_ended() -> None:
    """Wait for forks that have ended: only so does what they computed count as the run's."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _import(modules: bytes) -> None:
    """Import what a fork had to import while it was at work, so that the next one need not."""
    from personas.benchmarks import verifiers  # half a second, which a job that only asks here has no use for

    for module in modules.decode().split():
        with contextlib.suppress(Exception):
            if module.partition(".")[0] == verifiers.PACKAGE:
                verifiers.known_ids()  # any other way of importing them downloads data
            else:
                importlib.import_module(module)


def _serve(connection: socket.socket, listening: socket.socket, told: socket.socket) -> None:
    """Fork for one job. Nothing is done for one of another environment, which then makes its artefact by itself."""
    connection.settimeout(_SECONDS_TO_ASK)
    message, streams, _, _ = socket.recv_fds(connection, _LONGEST_MESSAGE, len(_STREAMS))
    try:
        request = json.loads(message)
        if request["prefix"] != sys.prefix or len(streams) != len(_STREAMS):
            return
        making = Making(*request["making"])
        os.chdir(request["folder"])
        with contextlib.suppress(Exception):  # the fork meets the same error, and tells the job
            warm_up(making.maker)
        if os.fork() == 0:
            listening.close()  # else a job could wait here for an answer after the warm process has ended
            _be_the_job(making, connection, streams, told)
    finally:
        for stream in streams:
            os.close(stream)


def _be_the_job(making: Making, connection: socket.socket, streams: list[int], told: socket.socket) -> NoReturn:
    """Make the artefact in a fork, answer with its exit code, tell the warm process what was imported, and end."""
    code = 1
    try:
        for stream, standard in zip(streams, _STREAMS, strict=True):
            os.dup2(stream, standard)
        connection.settimeout(None)
        connection.send(os.getpid().to_bytes(_PID_BYTES, "big"))
        threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
        known = set(sys.modules)
        code = make(making)
        sys.stdout.flush()
        sys.stderr.flush()
        told.setblocking(False)
        with contextlib.suppress(OSError):
            told.send(" ".join(name for name in sys.modules if name not in known).encode())
        connection.send(bytes([code]))
    finally:
        os._exit(code)


def _end_with(connection: socket.socket) -> None:
    """End this process when the job that asked for it is gone; what it was writing appears whole or not at all."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    os._exit(1)


if __name__ == "__main__":
    main()
