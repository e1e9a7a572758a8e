"""Kill runs at seeded random moments and see that nothing is lost, nothing twice, nothing left running.

`python -m tests.faults.kills --kills 500 --seed 1` prints a summary, and ends with 1 at the first violation.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.faults.campaign import Campaign, Tally
from tests.faults.grounds import BatchGround, EmbeddedGround, Ground, SnakemakeGround
from tests.faults.program import FaultServer
from tests.faults.runs import Launcher


def shares(kills: int) -> dict[str, int]:
    """Cut a number of kills: of 60, 8 strike Snakemake, 8 the embedded engine, 44 batch processes."""
    some = max(1, round(kills * 8 / 60))
    return {"batch": kills - 2 * some, "embedded": some, "snakemake": some}


@contextlib.contextmanager
def ground(name: str) -> Iterator[Ground]:
    """Set up a ground by its name, with a server and a launcher of its own."""
    with contextlib.ExitStack() as stack:
        if name == "embedded":
            yield EmbeddedGround(stack.enter_context(contextlib.closing(Launcher())))
            return
        server = FaultServer()
        stack.callback(server.stop)
        if name == "snakemake":
            yield SnakemakeGround(server)
        else:
            yield BatchGround(server, stack.enter_context(contextlib.closing(Launcher())))


def strike(name: str, kills: int, seed: int, folder: Path, stop: Callable[[], bool]) -> Tally:
    """Kill on one ground, until `stop`."""
    with ground(name) as there:
        return Campaign(there, folder, seed).strike(kills, stop)


def campaign(kills: int, seed: int, folder: Path) -> Tally:
    """Kill on every ground at the same time; AssertionError at the first violation."""
    violated = threading.Event()
    with ThreadPoolExecutor() as pool:
        made = [
            pool.submit(strike, name, share, seed, folder, violated.is_set) for name, share in shares(kills).items()
        ]
        try:
            return sum((done.result() for done in as_completed(made)), Tally())
        finally:
            violated.set()


def main() -> int:
    """Run a campaign from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    began = time.monotonic()
    try:
        tally = campaign(arguments.kills, arguments.seed, folder)
    except AssertionError as violation:
        print(f"VIOLATION with --kills {arguments.kills} --seed {arguments.seed}: {violation}\nleft in {folder}")
        return 1
    shutil.rmtree(folder)
    print(f"{tally}\nnothing lost, nothing twice, nothing left running; {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
