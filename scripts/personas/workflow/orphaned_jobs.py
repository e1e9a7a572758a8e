"""Jobs that outlive the run that submitted them: a killed Snakemake leaves its cluster jobs behind.

A run notes the name of its jobs in `runs/<run>/jobs.json` before it submits any. A later start finds by that name
what is left of runs that are dead, says so in one sentence, and waits until it is gone (or somebody cancels it): what
those jobs still make is then on disk when the new plan is made. Then the dead run is given up, and a job of it that
shows up later refuses to begin: Snakemake would first remove the files that it was to make.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.core import slurm
from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.core.lease import live_holders
from personas.core.slurm import SlurmJob, SlurmSilent

NAME = "jobs.json"
SECONDS_TO_END = 30.0
"""How long the end of a run waits for jobs that it cancelled; more than SLURM's usual KillWait is not worth it."""


@dataclass(frozen=True)
class OrphanedJob:
    """A job of a dead run that has not ended."""

    run: str
    job: SlurmJob


def note_jobs(folder: Path, name: str) -> None:
    """Note under which name the run of this folder submits its jobs."""
    _write(folder, {"name": name, "given_up": False})


def refuse_given_up(folder: Path) -> None:
    """Raise UserError in a job of a run that a later start has given up."""
    if _read(folder).get("given_up"):
        raise UserError(f"Run {folder.name} is over, this job of it came too late; a later run makes its files.")


def end_jobs(folder: Path) -> None:
    """At the end of a run: cancel what is left of its jobs (as a rule nothing), and give it up once all are gone."""
    note = _read(folder)
    if not note or note["given_up"]:
        return
    deadline = time.monotonic() + SECONDS_TO_END
    try:
        while jobs := slurm.jobs_named([note["name"]]):
            if time.monotonic() > deadline:
                return
            slurm.cancel([job for job in jobs if job.state != "COMPLETING"])
            time.sleep(1.0)
    except SlurmSilent as error:
        print(f"{error}. The next start looks for jobs of this run again.", file=sys.stderr, flush=True)
        return
    _give_up(folder)


def find(results: Path) -> list[OrphanedJob]:
    """Return the jobs of dead runs that have not ended. UserError where nobody can tell."""
    names = {_read(folder)["name"]: folder.name for folder in _dead(results)}
    try:
        return [OrphanedJob(names[job.name], job) for job in slurm.jobs_named(list(names))]
    except SlurmSilent as error:
        notes = ", ".join(str(folder / NAME) for folder in _dead(results))
        raise UserError(
            f"{error}; found no answer, expected the jobs of an earlier run. If that cluster is gone, remove {notes}."
        ) from None


def wait(results: Path, say: Callable[[str], None]) -> None:
    """Wait until nothing is left of dead runs, then give them up; `say` is told once what is waited for."""
    dead = _dead(results)
    is_announced = False
    while jobs := find(results):
        if not is_announced:
            say(
                f"{sentence(jobs)} Waiting for them; `personas orphaned-jobs --cancel` in another terminal ends them."
            )
            is_announced = True
        time.sleep(2.0)
    for folder in dead:
        _give_up(folder)


def cancel(results: Path) -> list[OrphanedJob]:
    """Cancel what is left of dead runs, and return it."""
    left = find(results)
    try:
        slurm.cancel([orphan.job for orphan in left])
    except SlurmSilent as error:
        raise UserError(f"{error}; found no answer, expected the jobs to be cancelled.") from None
    return left


def sentence(left: Sequence[OrphanedJob]) -> str:
    """Name jobs and their runs in one sentence."""
    jobs = ", ".join(f"{one.job.id} ({one.job.rule}, {one.job.state.lower()})" for one in left)
    runs = ", ".join(sorted({one.run for one in left}))
    return f"Jobs of an earlier run ({runs}) are still there: {jobs}."


def _dead(results: Path) -> list[Path]:
    """Return the folders of runs that noted jobs, were not given up, and do not live."""
    noted = [path.parent for path in sorted((results / "runs").glob(f"*/{NAME}"))]
    undecided = [folder for folder in noted if _read(folder).get("given_up") is False]
    if not undecided:
        return []
    live = {holder.run for holder in live_holders(results / "leases") if holder.is_run}
    return [folder for folder in undecided if folder.name not in live]


def _give_up(folder: Path) -> None:
    _write(folder, {**_read(folder), "given_up": True})


def _read(folder: Path) -> dict[str, Any]:
    try:
        note: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note


def _write(folder: Path, note: dict[str, Any]) -> None:
    write_atomically(folder / NAME, json.dumps(note).encode())
