"""Hold random valid configs to what a run promises: `python -m tests.fuzz --configs 200 --seed 1`.

Prints a line for each config and a summary; at the first that breaks a promise it says which, keeps the folder, and
ends with 1. `--only N` repeats the N-th config of a seed.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults.runs import Launcher
from tests.fuzz.edits import EDITS
from tests.fuzz.holds import Report, Violation, check
from tests.helpers import FakeServer


def run(numbers: Sequence[int], seed: int, folder: Path) -> int:
    """Check configs by their numbers; 1 at the first that breaks a promise."""
    began, reports = time.monotonic(), list[Report]()
    with FakeServer() as server, contextlib.closing(Launcher()) as launcher:
        for number in numbers:
            started, own = time.monotonic(), folder / str(number)
            try:
                report = check(seed, number, own, server, launcher)
            except Exception as error:
                _tell(error)
                print(f"left in {own}; again by --seed {seed} --only {number}")
                return 1
            shutil.rmtree(own)
            print(f"{report}; {time.monotonic() - started:.1f} s", flush=True)
            reports.append(report)
    print(f"{summary(reports)}\nall held; seed {seed}, {time.monotonic() - began:.0f} s")
    return 0


def _tell(error: Exception) -> None:
    if not isinstance(error, Violation):
        traceback.print_exception(error)
    print("BROKEN:", error, *getattr(error, "__notes__", []), sep="\n  ")


def summary(reports: Sequence[Report]) -> str:
    """Return what was done, in a few lines."""
    cells, requests = sum(r.cells for r in reports), sum(r.requests for r in reports)
    configs, losses = len(reports), sum(r.loss is not None for r in reports)
    edits = Counter(name for report in reports for name in report.edits)
    never = len(EDITS) - len(edits)
    lines = [
        f"{configs} configs, {cells} cells, {requests} requests in first runs",
        f"{edits.total()} edits of {len(edits)} kinds, all reverted",
        f"{losses} files lost, {configs} kills, {configs} times two starts at once",
        *([f"{never} kinds of edits were not drawn"] if never else []),
    ]
    return "\n".join(lines)


def main() -> int:
    """Check what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--configs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    arguments = parser.parse_args()
    numbers = range(1, arguments.configs + 1) if arguments.only is None else [arguments.only]
    return run(numbers, arguments.seed, Path(tempfile.mkdtemp(prefix="fuzz-")))


if __name__ == "__main__":
    sys.exit(main())
