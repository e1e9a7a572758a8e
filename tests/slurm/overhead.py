"""What SLURM and two Snakemakes take beside the engine, batch by batch."""

import time
from dataclasses import dataclass

from tests.slurm.site import Site

_TIME = "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True)
class Overhead:
    """Seconds of one batch: its whole SLURM job, and of these the engine's from its start to its end."""

    batch: str
    job: float
    engine: float

    @property
    def seconds(self) -> float:
        return self.job - self.engine


def overheads(site: Site) -> list[Overhead]:
    """Return the overhead of every batch that finished. SLURM tells whole seconds, so it is exact to one."""
    ended = {job["JobId"]: job for job in site.jobs()}
    return [
        Overhead(outcome.batch, _seconds(ended[outcome.job]), outcome.engine_seconds)
        for outcome in site.outcomes()
        if outcome.job in ended
    ]


def _seconds(job: dict[str, str]) -> float:
    start, end = (time.mktime(time.strptime(job[name], _TIME)) for name in ("StartTime", "EndTime"))
    return end - start
