"""All that needs no engine, at the study's size: `uv run python -m tests.benchmarks.study_cpu [--folder F]`.

Imports a made-up release of full size (`tests.benchmarks.import_release`), then makes with `snakemake --cores 2` what
`config/paper.yaml` makes of such cells: ratings, patterns of the first and the last answers, statistics, figures and
pages. Then one verdict on one persona is edited, and all is asked for again. Prints, for each, how long it took, its
processor time, the most memory of all processes together (proportional set size), and how many jobs each rule had.
An hour at most, and 6 GB of disk.
"""

import argparse
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from tests.benchmarks.import_release import DIRECTORIES, full, measured
from tests.released.maker import Maker
from tests.released.world import SELENE, config_of, write_study
from tests.workflow.conftest import Checkout, make_checkout

AS_IN_THE_PAPER = {
    "patterns": {"also_last": True},
    "figures": {"resamples": 1000, "seed": 42},
    "statistics": {"study": True},
    "comparison": {"paper": {"published": True}},
}
"""What `config/paper.yaml` sets for the analysis."""


def main() -> None:
    """Write, import, make everything; edit one verdict, make everything again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--filler", type=int, default=260, help="characters of filler in every text")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="study-"))
    checkout, world = make_checkout(folder / "checkout"), full(asked.filler)
    write_study(world, checkout.folder / "study")
    Maker(world, checkout.folder / "release").write()
    checkout.configure(config_of(world) | AS_IN_THE_PAPER)
    try:
        _report("import", checkout, "import")
        _report("everything else", checkout)
        edited = checkout.folder / f"release/metrics/bfi/{SELENE}/{DIRECTORIES[0]}/bfi_Gaston_11.json.csv"
        edited.write_bytes(edited.read_bytes().replace(b"**Result:** 1", b"**Result:** 2"))
        _report("one verdict edited", checkout)
    finally:
        if asked.folder is None:
            shutil.rmtree(folder)


def _report(what: str, checkout: Checkout, *targets: str) -> None:
    seconds, computed, megabytes, said = measured(checkout, *targets, "--cores", "2")
    print(f"{what}: {seconds:.0f} s ({computed:.0f} s of processor time), {megabytes:.0f} MB at most")
    print(f"    {', '.join(_jobs(said)) or 'no jobs'}", flush=True)


def _jobs(said: str) -> list[str]:
    """Return the jobs that Snakemake counted, as `<number> <rule>`; batches of one stage count together."""
    jobs: Counter[str] = Counter()
    _, _, stats = said.partition("Job stats:\n")
    for rule, count in (line.split() for line in stats.partition("\n\n")[0].splitlines()[2:]):
        jobs["import" if rule.startswith("import_") else rule] += int(count)
    return [f"{count} {rule}" for rule, count in jobs.items() if rule not in ("all", "total")]


if __name__ == "__main__":
    main()
