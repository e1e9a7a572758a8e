"""Run the faults and count what the quick tests catch: `python -m tests.mutations [--only PATTERN] [--jobs N]`.

Each fault meets the tests nearest to it first. The few that pass those then meet all quick tests together, in one
copy; what fails there is run with each of them alone, to see whose it is.

A fault counts as caught by a test that fails with it, twice, and that passes with a harmless statement in the place
of the fault: a test that only notices that a source changed protects nothing, and one that fails now and then as
little. A test that hangs counts as failed, and is told so.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutations import ROOT, Mutation
from tests.mutations.copies import Copy, Failure
from tests.mutations.faults import MUTATIONS
from tests.mutations.nearness import nearest_first

QUICK = ("tests/unit", "tests/integration")
"""What a contributor runs: folders, or files, of tests that start no Snakemake."""

LEFT_OUT = ("tests/unit/test_mutations.py",)
"""Of these, what only compares sources: it would fail with every fault. More of the kind is found by itself."""

NEAR = 3
"""Files of tests that a fault meets by itself."""

LEAST = 0.95
"""Share of the faults that must be caught."""

_NEAR_LIMIT, _ALL_LIMIT = 1800.0, 7200.0  # seconds; a loaded machine takes many times as long as a free one


class Runner:
    """Breaks copies of the project, and remembers which tests cannot tell."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self._jobs = jobs
        self._free: SimpleQueue[Copy] = SimpleQueue()
        for number in range(jobs):
            self._free.put(Copy(folder / str(number)))
        found = (path for place in QUICK for path in sorted((ROOT / place).rglob("test_*.py")))
        self._tests = [name for path in found if (name := path.relative_to(ROOT).as_posix()) not in LEFT_OUT]
        self.useless: set[tuple[str, str]] = set()
        """Tests, each with a file: they fail also if that file has a statement that does nothing, or now and then."""

    def run(self, mutations: Sequence[Mutation]) -> dict[Mutation, str | None]:
        """Return what caught each fault, None where nothing did; tells each as soon as it is known."""
        with ThreadPoolExecutor(self._jobs) as pool:
            caught = dict(zip(mutations, pool.map(self._near, mutations), strict=True))
        left = [mutation for mutation, by in caught.items() if by is None]
        caught |= self._together(left) if left else {}
        return caught

    def _near(self, mutation: Mutation) -> str | None:
        near = nearest_first(ROOT, mutation.file, self._tests)[:NEAR]
        copy, began = self._free.get(), time.monotonic()
        try:
            by = self._caught(copy, mutation, near)
        finally:
            self._free.put(copy)
        if by is not None:
            _tell(mutation, by, time.monotonic() - began)
        return by

    def _caught(self, copy: Copy, mutation: Mutation, tests: Sequence[str]) -> str | None:
        """Return the test that catches a fault, None where none does."""
        while True:
            useless = [f"--deselect={test}" for test, file in tuple(self.useless) if file == mutation.file]
            with copy.broken(mutation):
                failed = copy.failures(tests, "-x", *useless, limit=_NEAR_LIMIT)
                if not failed:
                    return None
                found = failed[0]
                again = found.timed_out or "::" not in found.test or self._fails(copy, found)
            if again and not self._fails_anyway(copy, found, mutation.file):
                return f"{found.test}{', which hangs' if found.timed_out else ''}"
            self.useless.add((found.test, mutation.file))

    def _fails(self, copy: Copy, found: Failure) -> bool:
        return bool(copy.failures([found.test], limit=_NEAR_LIMIT))

    def _fails_anyway(self, copy: Copy, found: Failure, file: str) -> bool:
        """Tell whether a test fails without the fault too. What is no test of ours cannot be asked."""
        if not _is_ours(found):
            return False
        with copy.broken(harmless=file):
            return self._fails(copy, found)

    def _together(self, left: Sequence[Mutation]) -> dict[Mutation, str | None]:
        """Run all quick tests with all faults that are left, and what fails with each alone.

        Again without those that are caught, where a fault ended the run of the tests itself.
        """
        caught: dict[Mutation, str | None] = dict.fromkeys(left)
        copy, is_whole = self._free.get(), False
        while left and not is_whole:
            began = time.monotonic()
            with copy.broken(*left):
                failed = copy.failures(self._tests, "-n", str(self._jobs), limit=_ALL_LIMIT)
            tests = sorted({found.test for found in failed if _is_ours(found)})
            for mutation in left if tests else ():
                caught[mutation] = self._caught(copy, mutation, tests)
                if caught[mutation] is not None:
                    _tell(mutation, caught[mutation], time.monotonic() - began)
            still = [mutation for mutation in left if caught[mutation] is None]
            is_whole, left = all(map(_is_ours, failed)) or still == left, still
        for mutation in left:
            _tell(mutation, None, 0.0)
        self._free.put(copy)
        return caught


def _is_ours(found: Failure) -> bool:
    """Tell a test of ours from the run of all of them, which may hang or break."""
    return (ROOT / found.test.split("::")[0]).exists()


def _tell(mutation: Mutation, by: str | None, seconds: float) -> None:
    what = f"caught in {seconds:4.0f} s by {by}" if by else f"SURVIVED ({mutation.reason or 'no reason named'})"
    print(f"{mutation.area}: {mutation.harm} [{mutation.file}]\n    {what}", flush=True)


def _summary(caught: dict[Mutation, str | None]) -> bool:
    """Print the totals; tell whether they are good enough."""
    totals, found = Counter(m.area for m in caught), Counter(m.area for m, by in caught.items() if by)
    for area, total in totals.items():
        print(f"{area}: {found[area]} of {total} caught")
    unexplained = [mutation for mutation, by in caught.items() if by is None and mutation.reason is None]
    print(f"All: {found.total()} of {len(caught)} caught, {len(unexplained)} survived without a named reason")
    return found.total() >= LEAST * len(caught) and not unexplained


def main() -> int:
    """Run the faults that are asked for; 1 if too few are caught, or one survives without a reason."""
    parser = argparse.ArgumentParser(prog="tests.mutations", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="regular expression that area, file or harm must match")
    parser.add_argument("--jobs", type=int, default=2, help="faults to try at once")
    parser.add_argument("--list", action="store_true", help="list the faults and run nothing")
    options = parser.parse_args()
    chosen = [m for m in MUTATIONS if re.search(options.only, f"{m.area}: {m.harm} [{m.file}]")]
    if options.list:
        print("\n".join(f"{m.area}: {m.harm} [{m.file}]" for m in chosen))
        return 0
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        runner = Runner(Path(folder), options.jobs)
        is_enough = _summary(runner.run(chosen))
    for test, file in sorted(runner.useless):
        print(f"Left out: {test} fails also without a fault in {file}, or now and then")
    return int(not is_enough)


if __name__ == "__main__":
    sys.exit(main())
