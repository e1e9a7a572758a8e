"""Run the tests that wait, kill and race again and again beside busy processes: `python -m tests.flakes`.

A test that fails once in twenty runs is a fault of ours. What failing runs said stays in a folder, named at the end.
Demo, protocol and released models take longer than all of these together and kill nothing; `--only` takes them too.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.helpers import ROOT, die_with_the_tests

_SIDE_BY_SIDE = 6
_FILES = sorted(ROOT.glob("tests/*/test_*.py"))
_STARTING = [path for path in _FILES if path.parent.name in ("faults", "workflow")]
_SLEEPING = [path for path in _FILES if path.parent.name in ("integration", "unit") and "sleep(" in path.read_text()]
_SPREAD = [str(path.relative_to(ROOT)) for path in (*_STARTING, *_SLEEPING)]
SYSTEM = [["tests/slurm"], *(_SPREAD[number::_SIDE_BY_SIDE] for number in range(_SIDE_BY_SIDE))]
"""Paths of the tests, by the process that runs them. A machine has room for one cluster."""


@dataclass(frozen=True)
class Run:
    """How one run of the tests ended."""

    seconds: float
    passed: int
    skipped: int
    failed: list[str]

    def __str__(self) -> str:
        counts = f"{self.seconds:6.0f} s  {self.passed:4d} passed  {len(self.failed):3d} failed"
        skipped = f"  {self.skipped} skipped" if self.skipped else ""
        return "  ".join([counts + skipped, *self.failed])


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processors busy. The processes end with us, however we end."""
    spin = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(spin, preexec_fn=die_with_the_tests) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def run_side_by_side(lanes: Sequence[Sequence[str]], folder: Path) -> Run:
    """Run tests once, the paths of each lane in a process of its own."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        runs = list(pool.map(run_tests, lanes, (folder / str(number) for number in range(len(lanes)))))
    failed = sorted(name for run in runs for name in run.failed)
    if not failed and folder.exists():
        folder.rmdir()
    return Run(
        max(run.seconds for run in runs), sum(run.passed for run in runs), sum(run.skipped for run in runs), failed
    )


def run_tests(paths: Sequence[str], folder: Path) -> Run:
    """Run tests in one process. Only of a failure anything stays in the folder."""
    folder.mkdir(parents=True)
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={report}", *paths]
    began = time.monotonic()
    with (folder / "output.txt").open("wb") as output:
        code = subprocess.run(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    seconds = time.monotonic() - began
    cases = list(ET.parse(report).iter("testcase")) if report.exists() else []  # noqa: S314 (pytest wrote it)
    failed = {_name(case) for case in cases if case.find("failure") is not None or case.find("error") is not None}
    skipped = {_name(case) for case in cases if case.find("skipped") is not None} - failed
    if code != 0 and not failed:
        failed = {f"pytest ended with {code}"}
    passed = {_name(case) for case in cases} - failed - skipped
    if not failed:
        for path in (report, folder / "output.txt"):
            path.unlink()
        folder.rmdir()
    return Run(seconds, len(passed), len(skipped), sorted(failed))


def _name(case: ET.Element) -> str:
    return f"{case.get('classname')}::{case.get('name')}"


def main() -> int:
    """Run the tests so often; 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--busy", type=int, default=2, help="processes that use a processor each")
    parser.add_argument(
        "--only", nargs="+", action="append", metavar="PATH", help="these tests; given again, others beside them"
    )
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flakes-"))
    failures: Counter[str] = Counter()
    with busy(arguments.busy):
        for number in range(1, arguments.runs + 1):
            run = run_side_by_side(arguments.only or SYSTEM, folder / f"run-{number:02d}")
            failures.update(run.failed)
            print(f"run {number:2d}  {run}", flush=True)
    for name, count in failures.most_common():
        print(f"{count} of {arguments.runs}  {name}")
    if failures:
        print(f"what failing runs said: {folder}")
    else:
        folder.rmdir()
    print(f"{arguments.runs} runs, {failures.total()} {'failure' if failures.total() == 1 else 'failures'}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
