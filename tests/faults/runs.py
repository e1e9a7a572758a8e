"""Runs of a small study: started through the launcher, followed until all their processes have ended."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.faults.processes import MARK, marked, wait_until
from tests.helpers import PATIENCE, ROOT, Project, die_with_the_tests, make_project

STUDY: Mapping[str, Any] = {
    "models/beta": None,
    "models/alpha/concurrency": 6,
    "personas/include": ["keeper"],
}


def make_study(folder: Path, base_url: str) -> Project:
    """Write the small study of the suite: one persona and the baseline behind an endpoint."""
    return make_project(folder).set({**STUDY, "models/alpha/base_url": base_url})


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
            env={
                **kept,
                "PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT}",
                "OPENBLAS_NUM_THREADS": "1",
                MARK: self.mark,
                **environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_the_tests,
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
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self._process.stdout.close()

    def start(self, project: Project, **patches: Any) -> Attempt:
        """Start a run of a study, with the patches of patches.py for its batches, and `patience` with its lease."""
        run = f"run-{len(self._attempts) + 1:04d}"
        attempt = Attempt(run, project.folder, project.folder / f"{run}.stderr")
        self._attempts[run] = attempt
        told: dict[str, Any] = {"run": run, "folder": str(project.folder), "stderr": str(attempt.stderr)}
        told |= {"patience": patches.pop("patience", 20.0), "patches": patches}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        self._process.stdin.flush()
        wait_until(lambda: attempt.driver or self._process.poll() is not None, "the driver to start")
        assert attempt.driver, "the launcher has ended"
        return attempt

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            if "ended" in told:
                for attempt in list(self._attempts.values()):  # others start meanwhile
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
