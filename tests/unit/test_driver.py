"""A job sees when the process that drives its run is gone, in whatever moment that happens."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from personas.batch.deadline import Deadline
from personas.batch.job import Stopped, run_guarded
from personas.plan.driver import Driver
from personas.plan.frozen import Run
from tests.helpers import ROOT

Process = subprocess.Popen[bytes]


def run_of(pid: int, host: str | None = None) -> Run:
    return Run("run-1", host or socket.gethostname(), pid, time.time())


@pytest.fixture
def other() -> Iterator[Process]:
    """Yield a process that only sleeps."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


@pytest.fixture
def zombie(other: Process) -> Process:
    """Return a process that has ended, and whose parent has not noticed yet."""
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    return other


JOB = """
import os, socket, sys, time
from personas.plan.driver import Driver
from personas.plan.frozen import Run
driver = Driver(Run("run-1", socket.gethostname(), os.getppid(), time.time()), may_outlive=False)
print(driver.is_gone(), flush=True)
while not driver.is_gone():
    time.sleep(0.01)
print("gone", flush=True)
"""
DRIVING = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def test_a_driver_is_watched_until_it_ends() -> None:
    command = [sys.executable, "-c", DRIVING, JOB]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as driver:
        assert driver.stdout is not None and driver.stdout.readline() == "False\n"
        driver.send_signal(signal.SIGKILL)
        assert driver.stdout.readline() == "gone\n"


def test_a_job_that_is_no_descendant_outlives_its_driver(other: Process) -> None:
    """As a job of a cluster on the machine where Snakemake runs."""
    driver = Driver(run_of(other.pid), may_outlive=False)
    other.kill()
    other.wait()
    assert not driver.is_gone()


def test_a_driver_that_nobody_has_buried_is_gone(zombie: Process) -> None:
    assert Driver(run_of(zombie.pid), may_outlive=False).is_gone()


def test_a_driver_that_ended_before_anybody_looked_is_gone(other: Process) -> None:
    other.kill()
    other.wait()
    assert Driver(run_of(other.pid), may_outlive=False).is_gone()


def test_a_driver_that_ends_between_two_looks_at_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(process: psutil.Process) -> str:
        raise psutil.NoSuchProcess(process.pid)

    driver = Driver(run_of(os.getppid()), may_outlive=False)
    assert not driver.is_gone()
    monkeypatch.setattr(psutil.Process, "status", ended)
    assert driver.is_gone()


def test_a_driver_on_another_machine_is_not_watched(zombie: Process) -> None:
    assert not Driver(run_of(zombie.pid, host="elsewhere"), may_outlive=False).is_gone()


def test_a_job_that_may_outlive_its_driver_does(zombie: Process) -> None:
    assert not Driver(run_of(zombie.pid), may_outlive=True).is_gone()


def test_a_driver_above_us_is_watched_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by jobs of a Snakemake that itself runs in a job of SLURM."""
    driver = Driver(run_of(os.getppid()), may_outlive=True)
    monkeypatch.setattr(psutil.Process, "status", lambda process: psutil.STATUS_ZOMBIE)
    assert driver.is_gone()


@pytest.mark.parametrize("job", [None, "7"])
def test_only_a_job_of_slurm_may_outlive_its_driver(
    job: str | None, zombie: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    if job:
        monkeypatch.setenv("SLURM_JOB_ID", job)
    work = asyncio.wait_for(run_guarded(asyncio.sleep(1, "done"), run_of(zombie.pid), Deadline(None)), 20)
    if job:
        assert asyncio.run(work) == "done"
    else:
        with pytest.raises(Stopped, match="lost its Snakemake"):
            asyncio.run(work)
