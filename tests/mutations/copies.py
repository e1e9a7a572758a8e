"""A copy of the project to break: faults are put into it, and its tests run there."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.mutations import ROOT, Mutation
from tests.mutations.report import FILE

TEST_SECONDS = 120
"""A test that a fault makes hang is ended after so long, and counts as failed."""

_HARMLESS = "\n_CHANGED = None\n"
_times = itertools.count(1_000_000_000)
"""Python takes compiled code for current if time (whole seconds) and size of its source are the same."""


class Failure(NamedTuple):
    """A test that failed, or a file that could not be collected."""

    test: str
    timed_out: bool


class Copy:
    """The work tree as git sees it, in a folder of its own; beside it a home and a place for temporary files."""

    def __init__(self, folder: Path) -> None:
        self.root, self._home, self._temporary = (folder / name for name in ("project", "home", "tmp"))
        self._report = folder / "report.jsonl"
        self._home.mkdir(parents=True)
        self._make()

    def _make(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, self.root / name)
        self._made = {path: _stamp(path) for path in self.root.rglob("*") if path.is_file()}

    @contextlib.contextmanager
    def broken(self, *mutations: Mutation, harmless: str | None = None) -> Iterator[None]:
        """Put faults into the copy, or into the file `harmless` a statement that does nothing; then mend it."""
        files = {mutation.file for mutation in mutations} | ({harmless} if harmless else set())
        sources = {name: (self.root / name).read_text(encoding="utf-8") for name in files}
        changed = {harmless: sources[harmless] + _HARMLESS} if harmless else dict(sources)
        for mutation in mutations:
            changed[mutation.file] = mutation.applied(changed[mutation.file])
        self._write(changed)
        try:
            yield
        finally:
            self._write(sources)
            if any(_stamp(path) != stamp for path, stamp in self._made.items()):
                self._make()  # a fault may have removed anything

    def _write(self, sources: dict[str, str]) -> None:
        for name, source in sources.items():
            path, time = self.root / name, next(_times)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
            os.utime(path, (time, time))
            self._made[path] = _stamp(path)

    def failures(self, tests: Sequence[str], *options: str, limit: float) -> list[Failure]:
        """Run tests, for `limit` seconds at most, and return what failed; what was under way at the end hangs."""
        self._report.unlink(missing_ok=True)
        self._report.touch()
        self._temporary.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.mutations.report"]
        with subprocess.Popen(
            [*command, f"--timeout={TEST_SECONDS}", *options, *tests],
            cwd=self.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                self._end_what_is_left()
        shutil.rmtree(self._temporary, ignore_errors=True)
        lines = [json.loads(line) for line in self._report.read_text(encoding="utf-8").splitlines()]
        failed = [Failure(line["test"], line["timed_out"]) for line in lines if line["failed"]]
        if code is None:
            failed.append(Failure("all together", True))
        elif code not in (0, 1, 5) and not failed:
            failed.append(Failure(f"pytest itself (exit code {code})", False))
        return failed

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTEST_"))}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        places = {
            "HOME": self._home,
            "TMPDIR": self._temporary,
            "PYTHONPATH": self.root / "scripts",
            FILE: self._report,
        }
        return {**kept, **{name: str(path) for name, path in places.items()}}

    def _end_what_is_left(self) -> None:
        """End processes that tests left in sessions of their own; they have our report in their environment."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(FILE) == str(self._report) and process.pid != os.getpid():
                    process.kill()


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells two versions of a file apart; None where it is gone."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size, path.stat().st_mtime_ns
    return None
