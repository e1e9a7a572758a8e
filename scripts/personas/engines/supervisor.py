"""Owns an engine process: starts it in a process group of its own, waits until it answers, watches it, ends it."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path

from personas.core.cleaning import one_line
from personas.engines.environment import passed_on
from personas.engines.errors import EngineDidNotStart, EngineDied, EngineError, EngineOutOfMemory, EngineOutOfTime

GRACE_SECONDS = 10.0
HEALTH_SECONDS = 10.0
"""Pause between two looks at the health page."""
HEALTH_PATIENCE = 120.0
"""Seconds without one sound answer of the health page after which an engine that still lives counts as dead."""
_OUT_OF_MEMORY = re.compile(
    r"out of memory|failed to allocate|bad_alloc|cannot allocate memory|"
    r"no available memory for the cache|larger than the available KV cache|less than desired [CG]PU memory",
    re.IGNORECASE,
)
_CAUSE = re.compile(r"^(?!.*\b(?:WARNING|INFO)\b).*\b\w+(?:Error|Exception): .+")
"""The first of these lines is the cause; those after it only pass it on."""
_LOG_READ = 4_000_000
"""Bytes of the engine's log that are searched for the reason of its end."""
_KILLED = 128 + signal.SIGKILL


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Supervisor:
    """One engine process. `environment` is added to what it gets of ours, with the variables named in `further`.

    Keys travel there, never on the command line.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, further: Collection[str] = ()
    ) -> None:
        self._command = command
        self._environment = environment
        self._further = further
        self._log = log
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the guard, which is also the id of the engine's process group."""
        return self._process.pid if self._process else None

    async def start(self, probe: Callable[[], Awaitable[bool]], deadline: float) -> None:
        """Start the engine and return once `probe` is true; EngineError when `deadline` seconds pass or it dies."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        root = str(Path(__file__).resolve().parents[2])
        with self._log.open("ab") as log:
            self._log_start = log.tell()  # an earlier attempt wrote the rest
            self._process = subprocess.Popen(
                [sys.executable, "-m", "personas.core.process_guard", *self._command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**passed_on(self._further), "PYTHONPATH": root, **self._environment},
                start_new_session=True,
            )
        try:
            await self._until_ready(probe, deadline)
        except BaseException:
            await self.stop()
            raise

    async def _until_ready(self, probe: Callable[[], Awaitable[bool]], deadline: float) -> None:
        started = time.monotonic()
        while not await probe():
            self._raise_if_dead(EngineDidNotStart, "ended before it was ready")
            if time.monotonic() - started > deadline:
                raise EngineOutOfTime(f"The engine was not ready after {deadline:.0f} s.{self._tail()}")
            await asyncio.sleep(0.1)

    async def watch(self, healthy: Callable[[], Awaitable[bool]]) -> None:
        """Wait for as long as the engine lives and is sound, then raise EngineDied (or EngineOutOfMemory)."""
        sound = last_check = time.monotonic()
        while True:
            self._raise_if_dead(EngineDied, "ended while requests were under way")
            if time.monotonic() - last_check > HEALTH_SECONDS:
                last_check = time.monotonic()
                sound = last_check if await healthy() else sound
                if last_check - sound > HEALTH_PATIENCE:
                    raise EngineDied(
                        f"The engine lives but was not sound for {last_check - sound:.0f} s.{self._tail()}"
                    )
            await asyncio.sleep(0.2)

    def _raise_if_dead(self, error: type[EngineError], what: str) -> None:
        code = self._process.poll() if self._process else None
        if code is None:
            return
        tail = self._tail()
        lines = self._log_lines()
        if line := _first(_OUT_OF_MEMORY, lines):
            raise EngineOutOfMemory(f"The engine ran out of memory (exit status {code}): {line}{tail}")
        hint = " (killed; if not by you, then perhaps for lack of memory)" if code in (_KILLED, -9) else ""
        cause = _first(_CAUSE, lines)
        raise error(f"The engine {what}: exit status {code}{hint}.{f' It said: {cause}' if cause else ''}{tail}")

    def _tail(self, lines: int = 12) -> str:
        last = self._log_lines()[-lines:]
        indented = ["  " + one_line(line) for line in last]
        return "\n".join(["", f"Last lines of {self._log}:", *indented]) if last else ""

    def _log_lines(self) -> list[str]:
        """Return the lines that this engine wrote, or the last of them if there are very many."""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - _LOG_READ))
            return log.read().decode(errors="replace").splitlines()
        return []

    async def stop(self) -> None:
        """End the engine and everything in its group: TERM, then KILL. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        deadline = time.monotonic() + GRACE_SECONDS + 2
        while process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _first(pattern: re.Pattern[str], lines: Sequence[str]) -> str | None:
    """Return what stands in the first line that matches."""
    first = next((match for line in lines if (match := pattern.search(line))), None)
    return one_line(first.string.strip()[-500:]) if first else None
