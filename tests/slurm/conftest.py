"""One cluster for all these tests, and checkouts whose Snakemake finds the installed profile."""

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from scripts.batch.journal import finished_keys
from scripts.batch.outcome import Outcome, all_outcomes
from tests.helpers import FakeServer, answer, copy_project, said
from tests.slurm.cluster import Cluster, NoCluster, end_forgotten
from tests.workflow.conftest import Checkout, fake_model, tiny_config

PREFIX = "personas_"
PREFIX_OF_FOLDERS = "personas-slurm-"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running SLURM. Where none can be had the tests are skipped, but in CI they fail."""
    temporary = Path(tempfile.gettempdir())
    with (
        FileLock(temporary / "personas-slurm-tests.lock", timeout=280),  # a machine has room for one
        tempfile.TemporaryDirectory(prefix=PREFIX_OF_FOLDERS, dir=temporary, ignore_cleanup_errors=True) as folder,
    ):
        Path(folder).chmod(0o755)  # munged wants everybody to reach its socket; pytest's folders are closed
        made = Cluster(Path(folder))
        end_forgotten(PREFIX_OF_FOLDERS)
        try:
            made.up()
            yield made
        except NoCluster as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no SLURM: {error}")
        finally:
            made.down()
            assert not [daemon for daemon in ("slurmctld", "slurmd", "munged") if made.pid(daemon)]


@dataclass
class Site(Checkout):
    """A checkout beside a cluster. `home` is the configuration folder of its user."""

    home: Path = field(kw_only=True)
    cluster: Cluster = field(kw_only=True)

    def environment(self) -> dict[str, str]:
        return super().environment() | {"XDG_CONFIG_HOME": str(self.home)}

    def submit(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `snakemake --profile slurm`."""
        return self.start("--profile", "slurm", *arguments)

    def finish(self, *arguments: str) -> str:
        """Run `snakemake --profile slurm` to its good end."""
        return self.run("--profile", "slurm", *arguments)

    def install(self, **changes: Any) -> None:
        """Install the profile as a user would, and adapt the copy to the test cluster."""
        self.personas("profile", "install", "slurm")
        path = self.home / "snakemake/slurm/config.yaml"
        path.write_text(yaml.safe_dump(adapted(yaml.safe_load(path.read_text())) | changes))

    def personas(self, *arguments: str) -> str:
        """Run `personas`, with the code of this checkout."""
        command = [sys.executable, "-c", "from scripts.cli import main; main()", *arguments]
        environment = self.environment() | {"PYTHONPATH": str(self.folder)}
        done = subprocess.run(command, cwd=self.folder, env=environment, check=True, capture_output=True, text=True)
        return done.stdout

    def jobs(self) -> list[dict[str, str]]:
        """What SLURM wrote of our jobs that have ended."""
        return [j for j in self.cluster.ended() if j.get("WorkDir") == str(self.folder) and PREFIX in j["Name"]]

    def queued(self) -> dict[str, tuple[str, str]]:
        """State and rule of every job of ours that has not ended, by its id."""
        told = self.cluster.ask("squeue", "-h", "-o", "%A|%T|%k|%Z").stdout
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
        self.wait_for(lambda: not self.queued(), "an empty queue", 30)
        self.wait_for(lambda: not self.processes(), f"the end of {[p.cmdline() for p in self.processes()]}", 60)


def adapted(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The lines marked SITE for a node of 8 CPUs and 2 GPUs, and polls for jobs of seconds."""
    batch = {"slurm_partition": "gpu", "mem_mb": "1500 * attempt", "gpu": 1}
    small = {"slurm_partition": "main", "mem_mb": 1000}
    return {
        **profile,
        "default-resources": {"slurm_partition": "main", "mem_mb": 1000, "runtime": 5},
        "set-resources": {"generate": batch, "judge": batch, "rate": small, "mine_patterns": small},
        "set-threads": {"generate": 1, "judge": 1},
        "slurm-init-seconds-before-status-checks": 3,
        "latency-wait": 20,
    }


def make_site(folder: Path, cluster: Cluster, config: Mapping[str, Any], **profile: Any) -> Site:
    copy_project(folder / "checkout")
    site = Site(folder / "checkout", home=folder / "home", cluster=cluster)
    site.configure(config)
    site.install(**profile)
    return site


SLOW = {"benchmarks": {"xstest": {"items": "data/demo/xstest.csv", "limit": 1}}}
"""A grid of 10 cells a model: 6 dialogues of 4 rounds, and an item behind those in the fixed order."""
CELLS = 10


def slow_config(server: FakeServer, *models: str, **changes: Any) -> dict[str, Any]:
    """A grid that takes some seconds a batch: a slow server, and one request of a batch at a time."""
    model = fake_model(server.base_url) | {"concurrency": 1}
    named = {name: model | {"id": f"org/{name}"} for name in models}
    return tiny_config(models=named, **SLOW, **changes)


@dataclass
class LongRun:
    """A run of minutes in the background: one batch, a walltime of one minute, more than a minute of work."""

    site: Site
    server: FakeServer
    process: subprocess.Popen[str]

    def end(self) -> tuple[int, str]:
        """Wait for its end; return the exit status and what it said."""
        code = self.process.wait(280)
        return code, (self.site.folder / "output.txt").read_text()


@pytest.fixture(scope="session")
def long_run(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[LongRun]:
    """Started by the first test that asks for it, and looked at in test_walltime.py: minutes that others use."""
    with FakeServer() as server:
        server.decide = lambda body: answer(said(body["messages"]), pause=1.8)
        site = make_site(tmp_path_factory.mktemp("long"), cluster, slow_config(server, "long"))
        with (site.folder / "output.txt").open("w") as output:
            arguments = ("generate", "--set-resources", "generate_long:runtime=1")
            process = site.start("--profile", "slurm", *arguments, to=output)
            try:
                yield LongRun(site, server, process)
            finally:
                process.kill()
                process.wait()
                end_all(site)


@pytest.fixture
def slow() -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.decide = lambda body: answer(said(body["messages"]), pause=0.25)
        yield server


@pytest.fixture
def site(tmp_path: Path, cluster: Cluster, slow: FakeServer, long_run: LongRun) -> Iterator[Site]:
    made = make_site(tmp_path, cluster, slow_config(slow, "alpha"))
    yield made
    end_all(made)


def end_all(site: Site) -> None:
    """Whatever a failed test left."""
    if jobs := list(site.queued()):
        site.cluster.ask("scancel", *jobs, check=False)
    for process in site.processes():
        process.send_signal(signal.SIGKILL)
