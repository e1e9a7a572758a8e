"""Snakemake as a user starts it, in a copy of the project that also holds the study."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from tests.faults.processes import MARK, by_command, marked, to, to_group, wait_until
from tests.faults.runs import make_study
from tests.helpers import Project, copy_project, die_with_the_tests


class Snakemake:
    """`snakemake` in a copy of the project that also holds the study. All its processes carry `mark`."""

    def __init__(self, folder: Path, mark: str, *arguments: str, **environment: str) -> None:
        self._mark = mark
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SNAKEMAKE_PROFILE")}
        self.log = folder / f"snakemake-{uuid.uuid4().hex[:8]}.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *arguments, "--configfile", "config.yaml"],
                cwd=folder,
                env={**kept, MARK: mark, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_the_tests,
            )

    def over(self) -> bool:
        return self.process.poll() is not None

    def victim(self, name: str) -> Callable[[int], object] | None:
        if name == "snakemake":
            return to(self.process.pid)
        if name == "group":
            return to_group(self.process.pid)
        return by_command(marked(self._mark), name)

    def finished(self) -> bool:
        wait_until(self.over, "the end of Snakemake")
        return self.process.returncode == 0

    def told(self) -> str:
        return self.log.read_text(errors="replace")


def make_checkout(folder: Path, base_url: str) -> Project:
    """Copy the project into a new folder, with the study of the suite in it."""
    copy_project(folder)
    return make_study(folder, base_url)
