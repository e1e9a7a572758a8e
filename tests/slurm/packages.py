"""SLURM as the distribution packs it, installed where it is missing."""

import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PATIENCE = 240.0
"""Seconds after which a wait is given up: no machine is so slow, so what is waited for does not happen."""


class NoCluster(Exception):
    """No SLURM can be had on this machine; the sentence says why."""


def install(logs: Path) -> None:
    """Install the packages that are not there; NoCluster where that cannot be."""
    if os.geteuid() != 0:
        raise NoCluster("starting one takes root")
    if all(shutil.which(program) for program in ("slurmctld", "slurmd", "sbatch", "munged")):
        return
    if not shutil.which("apt-get"):
        raise NoCluster("no SLURM is installed, and this machine has no apt-get")
    log = logs / "apt.log"
    logs.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ("apt-get", "-o", f"DPkg::Lock::Timeout={PATIENCE:.0f}")  # something else may be installing
    with log.open("wb") as file:
        for command in ((*apt, "update"), (*apt, "install", "-y", "--no-install-recommends", *PACKAGES)):
            done = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=2 * PATIENCE
            )
    if done.returncode != 0:
        raise NoCluster(f"apt-get could not install {', '.join(PACKAGES)}: {log.read_text()[-400:]}")
