"""Run the tests: all parts with `python -m tests`, some with `python -m tests unit slurm` (docs/testing.md).

Parts run side by side in four lanes, each part in a pytest of its own. One lane asks the embedded model first, two
mostly wait, one only computes. A part's output is printed when it ends. The last line sums all parts.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

ROOT = Path(__file__).resolve().parent.parent
SHARED = ("-n", "2", "--dist", "loadfile")
"""Arguments with which two processes share a part, file by file."""


@dataclass(frozen=True)
class Part:
    """A folder of tests, and how pytest runs it. What only computes is `nice` to what watches a clock."""

    name: str
    arguments: tuple[str, ...] = ()
    nice: int = 0
    folder: str = ""
    """Under `tests/`; by default the name."""
    on_disk: bool = False
    """Whether it writes where any process does: a machine has room for one cluster."""

    @property
    def command(self) -> list[str]:
        """Return what starts it."""
        return [sys.executable, "-m", "pytest", f"tests/{self.folder or self.name}", *self.arguments]


LANES = (
    (Part("demo"), Part("protocol"), Part("released", nice=5)),
    (Part("workflow"), Part("statistics", nice=5)),
    (Part("slurm", on_disk=True), Part("faults")),
    tuple(Part(name, SHARED, nice=5) for name in ("precision", "integration", "unit")),
)
"""Parts of a lane follow one another; lanes run side by side."""
ASKED = (Part("thorough", (*SHARED, "-m", "thorough"), folder="unit"),)
"""Parts that run only where they are named."""
PARTS = {part.name: part for lane in (*LANES, ASKED) for part in lane}

ALONE = {"GOMP_SPINCOUNT": "0", "OPENBLAS_NUM_THREADS": "1"}
"""Parts share the cores. Threads that spin while they wait for each other would only take time from other parts."""

MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
"""A file system in memory: the tests make some hundred thousand files, which a disk takes its time for."""
NEEDED = 8e9
"""Bytes that must be free there."""

_COUNTED = {"passed": "passed", "failed": "failed", "error": "failed", "errors": "failed", "skipped": "skipped"}
"""Words of pytest's last line, and where they count."""


@dataclass(frozen=True)
class Ended:
    """A part that has ended: its tests by outcome, seconds by the clock, seconds of processor time."""

    part: str
    counts: Counter[str]
    seconds: float
    processor: float

    def __str__(self) -> str:
        return f"{self.part:10} {self.seconds:7.0f} s {self.processor:10.0f} s  {sentence(self.counts)}"


def sentence(counts: Counter[str]) -> str:
    """Return counts in pytest's words."""
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped"))


def count(output: str, code: int) -> Counter[str]:
    """Count tests by pytest's last line. One that was broken off failed at least once."""
    last = output.rstrip().rpartition("\n")[2]
    counts: Counter[str] = Counter()
    for number, word in re.findall(r"(\d+) (\w+)", last):
        if word in _COUNTED:
            counts[_COUNTED[word]] += int(number)
    if code and not counts["failed"]:
        counts["failed"] = 1
    return counts


class Runner:
    """Runs lanes of parts, and prints what becomes of them."""

    def __init__(self, temporary: Path) -> None:
        # Set, every process would compile what it imports, for itself alone.
        left_out = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._environment = left_out | ALONE
        self._temporary = {"TMPDIR": str(temporary)}
        self.ended: list[Ended] = []
        self._running: set[int] = set()
        self._stopped = Event()
        self._lock = Lock()

    def run(self, lanes: Sequence[Sequence[Part]]) -> None:
        """Run all lanes side by side."""
        with ThreadPoolExecutor(len(lanes)) as pool:
            try:
                for done in [pool.submit(self._lane, lane) for lane in lanes]:
                    done.result()
            finally:
                self.stop()

    def stop(self) -> None:
        """Start nothing more, and end what runs."""
        self._stopped.set()
        for pid in list(self._running):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)  # so that fixtures clean up

    def _lane(self, parts: Sequence[Part]) -> None:
        for part in parts:
            if not self._stopped.is_set():
                self._part(part)

    def _part(self, part: Part) -> None:
        began = time.monotonic()
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            with self._lock:
                print(f"== {part.name}: started", flush=True)
                process = subprocess.Popen(
                    ["nice", f"-n{part.nice}", *part.command],
                    cwd=ROOT,
                    env=self._environment | ({} if part.on_disk else self._temporary),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                self._running.add(process.pid)
                with contextlib.suppress(OSError):  # Linux may weigh sessions, and not look at what is nice in one
                    Path(f"/proc/{process.pid}/autogroup").write_text(str(part.nice))
            _, status, usage = os.wait4(process.pid, 0)  # unlike `wait`, it tells the time of this one's children
            code = process.returncode = os.waitstatus_to_exitcode(status)
            self._running.discard(process.pid)
            output.seek(0)
            told = output.read()
        ended = Ended(part.name, count(told, code), time.monotonic() - began, usage.ru_utime + usage.ru_stime)
        with self._lock:
            self.ended.append(ended)
            print(f"== {part.name}\n{told}== {ended}", flush=True)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder for what tests write, in memory if there is room, and remove it in the end."""
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > NEEDED
    with tempfile.TemporaryDirectory(
        prefix="personas-tests-", dir=MEMORY if in_memory else None, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def chosen(names: Sequence[str]) -> Iterator[list[Part]]:
    """Yield the lanes with the parts of these names; without names all but those that have to be named."""
    for lane in (*LANES, ASKED) if names else LANES:
        if parts := [part for part in lane if not names or part.name in names]:
            yield parts


def main() -> int:
    """Run what was asked for; 1 if a test failed."""
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    asked = parser.parse_args().parts
    if unknown := [name for name in asked if name not in PARTS]:
        parser.error(f"found {unknown[0]!r}, expected one of {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, in all that is started
    began = time.monotonic()
    with temporary_folder() as folder:
        runner = Runner(folder)
        runner.run(list(chosen(asked)))
    total = sum((ended.counts for ended in runner.ended), Counter())
    print(f"== all parts: {time.monotonic() - began:.0f} s")
    print(f"{'part':10} {'time':>9} {'processor':>12}  tests")
    print(*sorted(map(str, runner.ended)), sep="\n")
    print(sentence(total))
    return int(total["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
