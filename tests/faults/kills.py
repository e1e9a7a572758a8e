"""Kill runs at seeded random moments and see that nothing is lost, nothing twice, nothing left running.

`python -m tests.faults.kills --kills 500 --seed 1` prints a summary, and ends with 1 at the first violation.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.campaign import Campaign, Tally
from tests.faults.grounds import BatchGround, EmbeddedGround, Ground, SnakemakeGround
from tests.faults.program import FaultServer
from tests.faults.runs import Launcher


def shares(kills: int) -> dict[str, int]:
    """Cut a number of kills: of 60, 8 strike Snakemake, 8 the embedded engine, 44 batch processes."""
    some = max(1, round(kills * 8 / 60))
    return {"batch": kills - 2 * some, "embedded": some, "snakemake": some}


def grounds(server: FaultServer, launcher: Launcher) -> dict[str, Ground]:
    """Return every ground by its name."""
    made: list[Ground] = [BatchGround(server, launcher), EmbeddedGround(launcher), SnakemakeGround(server)]
    return {ground.name: ground for ground in made}


def campaign(kills: int, seed: int, folder: Path) -> Tally:
    """Kill on every ground; AssertionError at the first violation."""
    server, launcher, tally = FaultServer(), Launcher(), Tally()
    try:
        for name, ground in grounds(server, launcher).items():
            began = time.monotonic()
            Campaign(ground, folder, seed, tally).strike(shares(kills)[name])
            print(f"{name}: {tally.struck[name]} kills in {time.monotonic() - began:.0f} s", flush=True)
    finally:
        launcher.close()
        server.stop()
    return tally


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
