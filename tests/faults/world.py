"""A study, a server, and runs of it: what the fault suite puts together for each of its cases."""

import contextlib
import http.client
import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from scripts.engines.supervisor import free_port
from tests.helpers import ROOT, Project, make_project

MARK = "PERSONAS_TEST_MARK"
PATIENCE = 120.0


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Return the first true value of `condition`; AssertionError when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.01)
    return value


class FaultServer:
    """The server's process as seen from a test."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start it (again), on the same port."""
        self.stop()
        command = [sys.executable, "-m", "tests.faults.server", "--port", str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self._process.stdout and self._process.stdout.readline(), "the server did not start"

    def stop(self) -> None:
        """Kill it, if it runs."""
        if self._process:
            self._process.kill()
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()
        self._process = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def program(self, *rules: dict[str, Any], pace: float = 0.0, key: str | None = None) -> None:
        """Set what it does from now on, and forget what it was asked."""
        self._call("POST", "/control", {"rules": list(rules), "pace": pace, "key": key})

    def asked(self) -> list[dict[str, Any]]:
        """Return every request since it was programmed: `mark`, `at` (seconds), `answered`."""
        asked: list[dict[str, Any]] = self._call("GET", "/asked")
        return asked

    def wait(self, count: int) -> bool:
        """Wait until `count` requests have arrived, a quarter of a second at most; tell whether they have."""
        return int(self._call("GET", f"/wait?count={count}")) >= count

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body) if body is not None else None)
            return json.loads(connection.getresponse().read())


@dataclass
class Attempt:
    """One run: a driver and its batches, until all of them have ended."""

    run: str
    folder: Path
    stderr: Path
    driver: int = 0
    batches: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    ended: dict[int, int] = field(default_factory=dict)
    news: "queue.SimpleQueue[None]" = field(default_factory=queue.SimpleQueue)

    def told(self) -> str:
        """Return what the run said on standard error."""
        return self.stderr.read_text() if self.stderr.exists() else ""

    @property
    def batch(self) -> int:
        """Process id of the batch that began last; 0 before there is one."""
        return [0, *self.batches.values()][-1]

    @property
    def over(self) -> bool:
        return self.driver in self.ended

    def wait(self) -> int:
        """Wait for the driver to end, and return its exit code."""
        wait_until(lambda: self.over, f"the end of {self.run}")
        return self.ended[self.driver]

    def code(self) -> int:
        """Wait for the end and return the exit code of the batch that ran last."""
        self.wait()
        return list(self.codes.values())[-1]


class Launcher:
    """Starts runs. `mark` stands in the environment of all their processes, and of nobody else's but the launcher."""

    def __init__(self, **environment: str) -> None:
        self.mark = uuid.uuid4().hex
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SNAKEMAKE_PROFILE")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.launcher"],
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", MARK: self.mark, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._attempts: dict[str, Attempt] = {}
        self._ended: dict[int, int] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def close(self) -> None:
        """End it, and everything that it started."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._reader.join(30)
        self._process.stdout.close()

    def start(self, project: Project, **patches: Any) -> Attempt:
        """Start a run of a study; `patches` are those of patches.py, for its batches."""
        run = f"run-{len(self._attempts) + 1:04d}"
        attempt = Attempt(run, project.folder, project.folder / f"{run}.stderr")
        self._attempts[run] = attempt
        told = {"run": run, "folder": str(project.folder), "stderr": str(attempt.stderr), "patches": patches}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        self._process.stdin.flush()
        wait_until(lambda: attempt.driver, "the driver to start")
        return attempt

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            if "ended" in told:
                for attempt in self._attempts.values():
                    if told["ended"] in (attempt.driver, *attempt.batches.values()) and not attempt.over:
                        attempt.ended[told["ended"]] = told["code"]
                continue
            attempt = self._attempts[told["run"]]
            if "driver" in told:
                attempt.driver = told["driver"]
            elif "pid" in told:
                attempt.batches[told["batch"]] = told["pid"]
            else:
                attempt.codes[told["batch"]] = told["code"]

    def processes(self) -> list[psutil.Process]:
        """Return every living process of a run of ours, engines and keepers included."""
        return marked(self.mark, without=self._process.pid)


def marked(mark: str, without: int = 0) -> list[psutil.Process]:
    """Return every living process that has `mark` in its environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = process.pid != without and process.environ().get(MARK) == mark
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


STUDY: Mapping[str, Any] = {
    "models/beta": None,
    "models/alpha/concurrency": 6,
    "personas/include": ["keeper"],
}


def make_study(folder: Path, base_url: str) -> Project:
    """Write the small study of the suite: one persona and the baseline behind an endpoint."""
    return make_project(folder).set({**STUDY, "models/alpha/base_url": base_url})


@contextlib.contextmanager
def killed_with(mark: str) -> Iterator[None]:
    """Leave no process with this mark behind, however the context ends."""
    try:
        yield
    finally:
        for process in marked(mark):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
