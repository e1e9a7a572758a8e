"""A checkout beside the cluster, whose Snakemake finds the installed profile."""

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from personas.plan.outcome import Outcome, all_outcomes
from personas.requests.journal_lines import finished_keys
from tests.helpers import PATIENCE, ROOT, FakeServer, copy_project
from tests.slurm.cluster import Cluster
from tests.workflow.conftest import Checkout, fake_model, tiny_config

PREFIX = "personas_"


@dataclass
class Site(Checkout):
    """A checkout beside a cluster. `home` is the configuration folder of its user."""

    home: Path = field(kw_only=True)
    cluster: Cluster = field(kw_only=True)
    runs: int = 0

    def environment(self) -> dict[str, str]:
        return super().environment() | {"XDG_CONFIG_HOME": str(self.home)}

    def submit(self, *arguments: str) -> "Run":
        """Start `snakemake --profile slurm`."""
        self.runs += 1
        told = self.folder / f"output-{self.runs}.txt"
        with told.open("w") as file:
            return Run(self, self.start("--profile", "slurm", *arguments, to=file), told)

    def finish(self, *arguments: str) -> str:
        """Run `snakemake --profile slurm` to its good end."""
        return self.submit(*arguments).end_well()

    def personas(self, *arguments: str) -> str:
        """Run `personas`, with the code of this checkout."""
        return _personas(self.folder, self.environment(), *arguments)

    def jobs(self) -> list[dict[str, str]]:
        """What SLURM wrote of our jobs that have ended."""
        return [j for j in self.cluster.ended() if j.get("WorkDir") == str(self.folder) and PREFIX in j["Name"]]

    def queued(self) -> dict[str, tuple[str, str]]:
        """State and rule of every job of ours that has not ended, by its id."""
        told = self.cluster.told("squeue", "-h", "-o", "%A|%T|%k|%Z")
        rows = [line.strip().split("|") for line in told.splitlines()]
        ours = [row for row in rows if row[3] == str(self.folder)]
        return {job: (state, rule.removeprefix("rule_")) for job, state, rule, _ in ours}

    def running(self, rule: str) -> str | None:
        """The job that runs a rule."""
        return next((job for job, found in self.queued().items() if found == ("RUNNING", rule)), None)

    def outcomes(self) -> list[Outcome]:
        return list(all_outcomes(self.results))

    def asked(self) -> list[str]:
        return finished_keys(self.results / "journal")

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.results.glob("runs/*/logs/*.log")))

    def settled(self, cells: int) -> None:
        """Nothing lost, doubled or left running."""
        made = [p for folder in ("dialogues", "responses") for p in (self.results / folder).rglob("*.parquet")]
        assert len(made) == cells
        assert max(Counter(self.asked()).values()) == 1, "a finished request was sent a second time"
        self.wait_for(lambda: not self.queued(), "an empty queue")
        self.wait_for(lambda: not self.processes(), f"the end of {[p.cmdline() for p in self.processes()]}")


@dataclass
class Run:
    """A run under way. What it says goes to a file, so that it can be read meanwhile."""

    site: Site
    process: subprocess.Popen[str]
    told: Path

    @property
    def output(self) -> str:
        return self.told.read_text()

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for something that happens while the run lives."""

        def happened() -> Any:
            found = condition()
            assert found or self.process.poll() is None, f"the run ended before: {what}\n{self.output}"
            return found

        return self.site.wait_for(happened, what)

    def end(self) -> tuple[int, str]:
        """Wait for its end; return the exit status and what it said."""
        return self.process.wait(2 * PATIENCE), self.output

    def end_by(self, number: signal.Signals) -> tuple[int, str]:
        """End it by a signal."""
        self.process.send_signal(number)
        return self.end()

    def end_well(self) -> str:
        """Wait for its good end."""
        code, output = self.end()
        assert code == 0, f"exit {code}\n{output}\n{self.site.logs()}"
        return output


def install_profile(home: Path) -> None:
    """Install the profile as a user would, and adapt the copy to the test cluster."""
    _personas(ROOT, os.environ | {"XDG_CONFIG_HOME": str(home)}, "profile", "install", "slurm")
    path = home / "snakemake/slurm/config.yaml"
    path.write_text(yaml.safe_dump(adapted(yaml.safe_load(path.read_text()))))


def adapted(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The lines marked SITE for the node of the cluster, and looks at jobs of seconds every few seconds."""
    batch = {"slurm_partition": "gpu", "mem_mb": "1500 * attempt", "gpu": 1}
    small = {"slurm_partition": "main", "mem_mb": 1000}
    return {
        **profile,
        "default-resources": {"slurm_partition": "main", "mem_mb": 1000, "runtime": 5},
        "set-resources": {"generate": batch, "judge": batch, "ratings": small, "patterns": small},
        "set-threads": {"generate": 1, "judge": 1},
        "slurm-init-seconds-before-status-checks": 1,
        "latency-wait": 20,
    }


def make_site(folder: Path, cluster: Cluster, home: Path) -> Site:
    copy_project(folder)
    return Site(folder, home=home, cluster=cluster)


SLOW = {"benchmarks": {"xstest": {"items": "data/demo/xstest.csv", "limit": 1}}}
"""A grid of 10 cells a model: 6 dialogues of 4 rounds, and an item behind those in the fixed order."""
CELLS = 10


def slow_config(server: FakeServer, *models: str) -> dict[str, Any]:
    """A grid whose batches are as slow as their server, for each sends one request at a time."""
    model = fake_model(server.base_url) | {"concurrency": 1}
    return tiny_config(models={name: model | {"id": f"org/{name}"} for name in models}, **SLOW)


def end_all(site: Site) -> None:
    """Whatever a failed test left."""
    if jobs := list(site.queued()):
        site.cluster.ask("scancel", *jobs, check=False)
    for process in site.processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _personas(folder: Path, environment: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "-c", "from personas.cli.main import main; main()", *arguments]
    environment = {**environment, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout
