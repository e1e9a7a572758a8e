"""What the warm process saves: `uv run python -m tests.benchmarks.warm_process [--rounds 3]`.

Makes the cells of the exactness table's study (2 models behind a fake server) once, then its tables, figures and
pages again and again: in forks of the warm process and in processes of their own, in turn. Prints wall seconds,
medians, their ratio, and whether the files are the same. It asserts nothing: it is no test.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from tests.helpers import FakeServer
from tests.precision.world import config
from tests.workflow.conftest import Checkout, make_checkout

MADE = ("tables", "figures", "patterns", "report")


class WithoutWarmProcess(Checkout):
    """A checkout whose folder for sockets has too long a name for one."""

    def environment(self) -> dict[str, str]:
        folder = self.folder / ("long" * 30)
        folder.mkdir(exist_ok=True)
        return super().environment() | {"TMPDIR": str(folder)}


def _seconds(checkout: Checkout) -> float:
    """Make what has no engine anew."""
    for folder in MADE:
        shutil.rmtree(checkout.results / folder, ignore_errors=True)
    started = time.perf_counter()
    checkout.run(timeout=1200)
    return time.perf_counter() - started


def _content(checkout: Checkout) -> dict[str, str]:
    files = (path for folder in MADE for path in (checkout.results / folder).rglob("*.*"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> None:
    """Measure in turn and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is measured")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, FakeServer() as server:
        warm = make_checkout(Path(folder) / "checkout")
        warm.configure(config(server.base_url))
        warm.run(timeout=1200)
        own = WithoutWarmProcess(warm.folder)
        seconds: dict[str, list[float]] = {"warm process": [], "processes of their own": []}
        contents = []
        for _ in range(rounds):
            for name, checkout in zip(seconds, (warm, own), strict=True):
                seconds[name].append(_seconds(checkout))
                contents.append(_content(checkout))
                print(f"{name}: {len(contents[-1])} files, {seconds[name][-1]:.1f} s", flush=True)
        medians = [statistics.median(values) for values in seconds.values()]
        print(f"medians: {medians[0]:.1f} s and {medians[1]:.1f} s, ratio {medians[1] / medians[0]:.2f}")
        print(f"the same files each time: {all(content == contents[0] for content in contents)}")
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
