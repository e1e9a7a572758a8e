"""SLURM: the only module that knows of it. Which job we are, when it ends, which jobs there are, an end to them."""

import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

PATIENCE = 60.0
"""Seconds that a command of SLURM may take; a busy controller answers late."""

LONGEST_WAIT = 3
"""Between two looks at the jobs, in first waits (`slurm-init-seconds-before-status-checks`): for so long the plugin
makes sure that SLURM remembers jobs that ended. By itself it would go up to 180 s."""

_TIME = "%Y-%m-%dT%H:%M:%S"


class SlurmSilent(Exception):
    """A command of SLURM is not there, or the controller gives no answer. The text says which and why."""


class NoSuchJob(Exception):
    """SLURM does not know the job, or knows it no more: it has ended."""


@dataclass(frozen=True)
class SlurmJob:
    """A job that waits, runs or is about to end. `name` is that of its run, `rule` what it makes."""

    id: str
    name: str
    state: str
    rule: str


def job_id() -> str | None:
    """Return the id of the job that this process runs in."""
    return os.environ.get("SLURM_JOB_ID")


def job_end() -> float | None:
    """Return when SLURM ends the job that this process runs in, in seconds since 1970.

    None outside a job, without a limit, and where SLURM gives no answer: then nobody watches the deadline.
    """
    job = job_id()
    if job is None:
        return None
    try:
        end = _ask("squeue", "--noheader", "--jobs", job, "--format", "%e").strip()
        return time.mktime(time.strptime(end, _TIME))
    except (SlurmSilent, NoSuchJob, ValueError):
        return None


def lives(job: str) -> bool | None:
    """Tell whether a job waits, runs or is about to end; None where SLURM gives no answer."""
    try:
        return bool(_ask("squeue", "--noheader", "--jobs", job, "--format", "%A").strip())
    except NoSuchJob:
        return False
    except SlurmSilent:
        return None


def jobs_named(names: Sequence[str]) -> list[SlurmJob]:
    """Return the jobs of these names that have not ended. SlurmSilent where nobody answers."""
    if not names:
        return []
    answer = _ask("squeue", "--noheader", "--name", ",".join(names), "--format", "%A|%j|%T|%k")
    rows = [line.split("|", 3) for line in answer.splitlines() if line.count("|") >= 3]
    return [SlurmJob(job.strip(), name, state, _rule(comment)) for job, name, state, comment in rows]


def cancel(jobs: Sequence[SlurmJob]) -> None:
    """Cancel jobs: SIGTERM first, so that a batch stops cleanly. SlurmSilent where nobody answers."""
    if jobs:
        _ask("scancel", *(job.id for job in jobs))


def watched_jobs(workflow: Any) -> str | None:
    """Return the name of the jobs of this invocation, and watch them; None where no job goes to SLURM.

    Undocumented in the plugin, hence its exact pin and a test: the executor keeps the name as `run_uuid`.
    """
    executor = getattr(workflow.scheduler, "_executor", None)
    if not type(executor).__module__.startswith("snakemake_executor_plugin_slurm"):
        return None
    watch(executor)
    name: str | None = getattr(executor, "run_uuid", None)
    return name


def watch(executor: Any) -> None:
    """Mend how the plugin checks jobs: it forgets all of them when a poll fails, and waits for ever for lost ones.

    While slurmctld is away it even asks `sacct` instead, which fails where there is no accounting.
    """
    plain, succeeded, failed = executor.check_active_jobs, executor.report_job_success, executor.report_job_error
    longest = LONGEST_WAIT * executor.workflow.executor_settings.init_seconds_before_status_checks
    reported: set[str] = set()
    doubtful: set[str] = set()

    def noting(report: Callable[..., None]) -> Callable[..., None]:
        def wrapper(job: Any, *details: Any, **options: Any) -> None:
            reported.add(job.external_jobid)
            report(job, *details, **options)

        return wrapper

    async def check(jobs: list[Any]) -> AsyncIterator[Any]:
        reported.clear()
        async for _ in plain(jobs):  # what it yields is what it has not reported, or less
            pass
        open_jobs = [job for job in jobs if job.external_jobid not in reported]
        missing = _missing(executor.run_uuid, {job.external_jobid for job in open_jobs})
        for job in open_jobs:
            if job.external_jobid in missing & doubtful:
                failed(job, msg=f"SLURM job '{job.external_jobid}' is gone, and SLURM tells no end of it. ")
            else:
                yield job
        doubtful.clear()
        doubtful.update(missing)
        executor.next_seconds_between_status_checks = min(executor.next_seconds_between_status_checks, longest)

    executor.report_job_success, executor.report_job_error = noting(succeeded), noting(failed)
    executor.check_active_jobs = check


def _missing(name: str, ids: set[str]) -> set[str]:
    """Return those of some jobs that neither wait nor run; none where SLURM gives no answer."""
    try:
        return ids - {job.id for job in jobs_named([name])} if ids else set()
    except SlurmSilent:
        return set()


def devices() -> str | None:
    """Return the GPUs that this process may use, as CUDA counts them; None where nothing limits them."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def _rule(comment: str) -> str:
    """Return the name of the rule in the comment that the plugin gives a job: `rule_NAME[_wildcards_...]`."""
    return comment.strip().removeprefix("rule_").split("_wildcards_")[0]


def _ask(*command: str) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except OSError as error:
        raise SlurmSilent(f"{command[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise SlurmSilent(f"{command[0]}: no answer within {PATIENCE:.0f} s") from None
    if result.returncode != 0:
        if "Invalid job id" in result.stderr:
            raise NoSuchJob(command[-1])
        raise SlurmSilent(f"{command[0]}: {result.stderr.strip() or f'exit status {result.returncode}'}")
    return result.stdout
