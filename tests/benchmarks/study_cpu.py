"""All that needs no engine, at the study's size: `uv run python -m tests.benchmarks.study_cpu [--folder F]`.

Imports a made-up release of full size (`tests.benchmarks.import_release`), then makes with `snakemake --cores 2` what
`config/paper.yaml` makes of such cells: ratings, patterns of the first and the last answers, statistics, figures and
pages. Then one file of verdicts is edited, and all is asked for again. Prints, for each, how long it took, its
processor time, the most memory of all processes together (proportional set size), and how many jobs each rule had.
It takes some 4 GB of disk.
"""

import re
from collections import Counter

from tests.benchmarks.import_release import edit_verdicts, measured, release_of_full_size
from tests.workflow.conftest import Checkout

AS_IN_THE_PAPER = {
    "patterns": {"also_last": True},
    "figures": {"resamples": 1000, "seed": 42},
    "statistics": {"study": True},
    "comparison": {"paper": {"published": True}},
}
"""What `config/paper.yaml` sets for the analysis."""


def main() -> None:
    """Write, import, make everything; edit one file of verdicts, make everything again."""
    with release_of_full_size(__doc__, AS_IN_THE_PAPER) as checkout:
        _report("import", checkout, "import")
        _report("everything else", checkout)
        edit_verdicts(checkout)
        _report("verdicts of one file edited", checkout)


def _report(what: str, checkout: Checkout, *targets: str) -> None:
    seconds, computed, megabytes, said = measured(checkout, *targets, "--cores", "2")
    print(f"{what}: {seconds:.0f} s ({computed:.0f} s of processor time), {megabytes:.0f} MB at most")
    print(f"    {', '.join(_jobs(said)) or 'no jobs'}", flush=True)


def _jobs(said: str) -> list[str]:
    """Return the jobs that a run finished, as `<number> <rule>`; batches of one stage count together."""
    rules = re.findall(r"^\d\d:\d\d:\d\d  (\S+) finished, ", said, re.MULTILINE)
    jobs = Counter("import" if rule.startswith("import_") else rule for rule in rules if rule != "all")
    return [f"{count} {rule}" for rule, count in jobs.items()]


if __name__ == "__main__":
    main()
