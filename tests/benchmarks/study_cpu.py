"""All that needs no engine, at the study's size: `uv run python -m tests.benchmarks.study_cpu [--folder F]`.

Imports a made-up release of full size (`tests.benchmarks.import_release`), then makes with `snakemake --cores 2` what
`config/paper.yaml` makes of such cells: ratings, patterns of the first and the last answers, statistics, figures and
pages. Then one file of verdicts is edited, and all is asked for again. Prints, for each, how long it took, its
processor time, the most memory of all processes together (proportional set size), and how many jobs each rule had.
It takes some 4 GB of disk.
"""

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
    """Return the jobs that Snakemake counted, as `<number> <rule>`; batches of one stage count together."""
    jobs: Counter[str] = Counter()
    _, _, stats = said.partition("Job stats:\n")
    for rule, count in (line.split() for line in stats.partition("\n\n")[0].splitlines()[2:]):
        jobs["import" if rule.startswith("import_") else rule] += int(count)
    return [f"{count} {rule}" for rule, count in jobs.items() if rule not in ("all", "total")]


if __name__ == "__main__":
    main()
