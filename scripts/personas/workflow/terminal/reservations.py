"""What the jobs of a dry run would reserve on a cluster: GPUs, walltime, memory, partition of each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

_COLUMNS = {
    "GPUs": "gpu",
    "walltime\nmin": "runtime",
    "memory\nMB": "mem_mb",
    "partition": "slurm_partition",
}
"""Heading of a column, and the resource in it."""


def print_reserved(workflow: Any, console: Console) -> None:
    """Print what each job would reserve, once Snakemake knows its jobs; nothing where it would send none away."""
    dag = getattr(workflow, "dag", None)
    if dag is None or workflow.resource_settings.nodes is None:
        return
    planned = dag.needrun_jobs(exclude_finished=False)  # a dry run has "finished" them all by now
    jobs = [job for job in planned if not job.rule.norun and job.rule.name not in workflow._localrules]
    if jobs:
        console.print(reserved_table(jobs))


def reserved_table(jobs: Iterable[Any]) -> Table:
    """Return a row for the batches of a model in a stage, or the jobs of a rule, with the least and most of each."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for job in jobs:
        stem, _, number = job.rule.name.rpartition("_")
        groups[stem if number.isdigit() else job.rule.name].append(job)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, title="Each job reserves")
    table.add_column("jobs of", overflow="fold")
    for heading in ("jobs", *_COLUMNS):
        table.add_column(heading, justify="right")
    for name, members in sorted(groups.items()):
        table.add_row(name, f"{len(members):,}", *(_range(members, resource) for resource in _COLUMNS.values()))
    return table


def _range(jobs: Sequence[Any], resource: str) -> str:
    values = {job.resources.get(resource) for job in jobs} - {None}
    ordered = sorted(values, key=lambda value: (str(type(value)), value))
    if not ordered:
        return ""
    low, high = (f"{value:,}" if isinstance(value, int) else str(value) for value in (ordered[0], ordered[-1]))
    return low if low == high else f"{low} to {high}"
