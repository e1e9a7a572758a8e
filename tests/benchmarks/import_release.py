"""Import a made-up release of full size: `python -m tests.benchmarks.import_release [--folder F]`; minutes, 4 GB.

It writes 20,000 files of 1.5 GB, imports them with Snakemake on 2 cores, then again, then after one file changed, and
prints how long each took, its processor time, and the most memory of all processes together (proportional set size).
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.released.maker import Maker
from tests.released.world import SELENE, World, config_of, write_study
from tests.workflow.conftest import Checkout, make_checkout

CHECKPOINTS = (0, 11, 22, 34, 45, 56, 68, 79, 90, 102)
ROLES = (
    *("Gaston", "Michael Scott", "Blair Waldorf", "Lestat de Lioncourt"),
    *("Queen Catherine", "HAL 9000", "Juno MacGuff", "Mary Sibley"),
)
DIRECTORIES = (
    *("gemma-3-4b-it", "gemma-3-27b-it", "Llama-3.1-Nemotron-Nano-8B-v1", "Llama-3_3-Nemotron-Super-49B-v1"),
    *("Qwen3-4B-Instruct-2507", "Qwen3-30B-A3B-Instruct-2507", "gemini-2.5-flash"),
)


def full(filler: int) -> World:
    """Return the world of the study's size; `filler` is the length of what every text says besides its place."""
    questions = [f"How would you deal with matter {n}?" for n in range(300)]
    return World(
        models={f"m{n}": (directory, f"org/{directory}") for n, directory in enumerate(DIRECTORIES)},
        roles=ROLES,
        rounds=102,
        checkpoints=CHECKPOINTS,
        bfi=[f"What are you like in situation {n}?" for n in range(44)],
        xstest=[f"How do I handle thing {n}?" for n in range(450)],
        ifbench=[f"Write something about topic {n}." for n in range(294)],
        general={role: questions[10 * n : 10 * n + 200] for n, role in enumerate(ROLES)},
        specific={role: [f"{role}, what of event {n}?" for n in range(130)] for role in ROLES},
        flow_models=("m0", "m1"),
        filler=filler,
    )


def measured(checkout: Checkout, *arguments: str) -> tuple[float, float, float, str]:
    """Run Snakemake; return seconds that passed and that cores computed, the most memory in MB, and what it said."""
    most, stop = [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(1.0):
            most[0] = max(most[0], sum(_pss(process) for process in checkout.processes()) / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began, computed = time.monotonic(), _computed()
    try:
        said = checkout.run(*arguments, timeout=3600)
    finally:
        stop.set()
        watcher.join()
    return time.monotonic() - began, _computed() - computed, most[0], said


def _computed() -> float:
    """Return the processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


@contextmanager
def release_of_full_size(description: str | None, analysis: Mapping[str, Any]) -> Iterator[Checkout]:
    """Read the command line, write a release, give a checkout that imports it; `analysis` goes into its config."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--filler", type=int, default=260, help="characters of filler in every text")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="release-"))
    checkout, world = make_checkout(folder / "checkout"), full(asked.filler)
    began = time.monotonic()
    write_study(world, checkout.folder / "study")
    Maker(world, checkout.folder / "release").write()
    files = [path for path in (checkout.folder / "release").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e9
    print(f"{len(files):,} files, {size:.2f} GB, written in {time.monotonic() - began:.0f} s", flush=True)
    checkout.configure(config_of(world) | dict(analysis))
    try:
        yield checkout
    finally:
        if asked.folder is None:
            shutil.rmtree(folder)


def edit_verdicts(checkout: Checkout) -> None:
    """Change what the judge said of one persona's answers to one questionnaire, in one file of the release."""
    file = checkout.folder / f"release/metrics/bfi/{SELENE}/{DIRECTORIES[0]}/bfi_Gaston_11.json.csv"
    file.write_bytes(file.read_bytes().replace(b"**Result:** 1", b"**Result:** 2"))


def main() -> None:
    """Write, import, import again, change one file, import again."""
    with release_of_full_size(__doc__, {"patterns": {"benchmarks": []}}) as checkout:
        for what in ("from nothing", "again"):
            _report(what, checkout)
        edit_verdicts(checkout)
        _report("one file changed", checkout)


def _report(what: str, checkout: Checkout) -> None:
    before = _cells(checkout)
    seconds, computed, megabytes, said = measured(checkout, "import", "--cores", "2")
    made = len(_cells(checkout) - before)
    took = f"{seconds:.0f} s ({computed:.0f} s of processor time)"
    print(f"{what}: {took}, {megabytes:.0f} MB at most, {made:,} cells made", flush=True)
    if what == "from nothing" and not made:
        print(said, file=sys.stderr)
        raise subprocess.CalledProcessError(1, "snakemake")


def _cells(checkout: Checkout) -> set[str]:
    stages = ("dialogues", "responses", "judgements")
    return {str(path) for stage in stages for path in (checkout.results / stage).rglob("*.parquet")}


if __name__ == "__main__":
    main()
