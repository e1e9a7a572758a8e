"""A real SLURM of one node, for tests: munge, slurmctld and slurmd on 127.0.0.1, with GPUs that are device files.

    python -m tests.slurm.cluster up FOLDER      installs the packages if need be, starts, runs a probe job
    python -m tests.slurm.cluster down FOLDER    cancels every job, ends each daemon by its process id

Debian's packages, root, no systemd, no cgroups, no accounting. Everything lies in FOLDER but one symbolic link at the
default place of the configuration: Snakemake's job step drops SLURM_CONF before it calls srun.
"""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from personas.engines.supervisor import free_port
from tests.helpers import PATIENCE
from tests.slurm.packages import NoCluster, install

DEFAULT_CONFIGURATION = Path("/etc/slurm/slurm.conf")
TEMPLATE = Path(__file__).with_name("slurm.conf.template")
KILL_WAIT = 5
"""Seconds from SIGTERM to SIGKILL at the end of the walltime; SLURM's own default is 30."""


@dataclass(frozen=True)
class Cluster:
    """A cluster below `folder`. `cpus` may exceed the real cores, so that small jobs run side by side."""

    folder: Path
    cpus: int = 8
    gpus: int = 8

    @property
    def host(self) -> str:
        return socket.gethostname().split(".")[0]

    @property
    def configuration(self) -> Path:
        return self.folder / "etc/slurm.conf"

    def up(self) -> "Cluster":
        """Install, configure and start; NoCluster where that cannot be."""
        install(self.folder / "log")
        self._configure()
        self._start_all()
        probe = self.ask("srun", "-n1", "-t1", "--mem=50", "true", check=False)
        if probe.returncode != 0:
            raise self._broken(f"its first job failed: {probe.stderr}")
        return self

    def down(self) -> None:
        """Cancel every job, end the daemons, take the link away. Logs stay."""
        if self.pid("slurmctld"):
            self.ask("scancel", "--user", str(os.getuid()), check=False)
            _until(lambda: not self.ask("squeue", "-h", check=False).stdout, 60)
        for daemon in ("slurmd", "slurmctld", "munged"):
            self.stop(daemon)
        if DEFAULT_CONFIGURATION.is_symlink() and DEFAULT_CONFIGURATION.readlink() == self.configuration:
            DEFAULT_CONFIGURATION.unlink()
        for memory in ("state", "spool"):  # the next cluster here must not remember a drained node
            shutil.rmtree(self.folder / memory, ignore_errors=True)

    def start(self, daemon: str) -> None:
        """Start one of slurmctld and slurmd, and wait until it answers."""
        command = ["slurmctld", "-D"] if daemon == "slurmctld" else ["slurmd", "-D", "-N", self.host]
        with (self.folder / f"log/{daemon}.out").open("ab") as log:
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self._environment(),
            )
        answers = self._controller_answers if daemon == "slurmctld" else self._node_is_up
        if not _until(answers):
            raise self._broken(f"{daemon} does not come up")

    def stop(self, daemon: str) -> None:
        """End a daemon by the process id in its file, after a look whether that is the daemon."""
        pid = self.pid(daemon)
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            if not _until(lambda: self.pid(daemon) is None, 60):
                os.kill(pid, signal.SIGKILL)
                _until(lambda: self.pid(daemon) is None, 60)

    def pid(self, daemon: str) -> int | None:
        """Return the process id of a daemon that lives."""
        try:
            pid = int((self.folder / f"run/{daemon}.pid").read_text())
            process = psutil.Process(pid)
            alive = process.name() == daemon and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if alive else None

    def ask(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of SLURM."""
        return subprocess.run(
            command, check=check, capture_output=True, text=True, timeout=PATIENCE, env=self._environment()
        )

    def told(self, *command: str) -> str:
        """Return what a command of SLURM says. A busy controller that does not answer in time is asked again."""
        deadline = time.monotonic() + PATIENCE / 4  # it itself takes its time before it says so
        while (done := self.ask(*command, check=False)).returncode != 0:
            if time.monotonic() > deadline:
                raise self._broken(f"{' '.join(command)}: {done.stderr}")
            time.sleep(0.5)
        return done.stdout

    def ended(self) -> list[dict[str, str]]:
        """Return what SLURM wrote of every job that has ended, the earliest first."""
        log = self.folder / "log/jobcomp.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in lines]

    def drain(self) -> None:
        """Let the node take no more jobs."""
        self._set_node("DRAIN", lambda: "drain" in self._node_state())

    def resume(self) -> None:
        """Let the node take jobs."""
        self._set_node("RESUME", self._node_is_up)

    def mend(self) -> None:
        """Start the daemons that are missing, and let the node take jobs."""
        self._start_all()
        self.resume()

    def _set_node(self, state: str, is_so: Callable[[], bool]) -> None:
        """Ask for a state until the node has it.

        A controller that was just started refuses some: until it has heard of its node it says of RESUME that the
        node's state is invalid, whether or not it carries it out.
        """
        said = ""

        def is_so_now() -> bool:
            nonlocal said
            if is_so():
                return True
            update = ("scontrol", "update", f"NodeName={self.host}", f"State={state}", "Reason=test")
            said = self.ask(*update, check=False).stderr
            return is_so()

        if not _until(is_so_now):
            raise self._broken(f"the node is {self._node_state()}, {state} does not help: {said}")

    def _environment(self) -> dict[str, str]:
        """Nothing that a job around us or a site would say. Beside this configuration lies that of the GPUs."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))}
        return kept | {"SLURM_CONF": str(self.configuration)}

    def _start_all(self) -> None:
        if self.pid("munged") is None:
            run = self.folder / "run"
            self.ask(
                *("munged", f"--key-file={self.folder}/etc/munge.key", f"--socket={run}/munge.socket"),
                *(f"--pid-file={run}/munged.pid", f"--log-file={self.folder}/log/munged.log"),
                *(f"--seed-file={run}/munge.seed", "--num-threads=2"),
            )
        for daemon in ("slurmctld", "slurmd"):
            if self.pid(daemon) is None:
                self.start(daemon)

    def _controller_answers(self) -> bool:
        return self.ask("scontrol", "ping", check=False).returncode == 0

    def _node_is_up(self) -> bool:
        return self._node_state() in ("idle", "mixed", "allocated", "completing")

    def _node_state(self) -> str:
        return self.ask("sinfo", "-h", "-o", "%T", check=False).stdout.strip()

    def _configure(self) -> None:
        for part in ("etc", "log", "run", "spool", "state", "dev"):
            (self.folder / part).mkdir(parents=True, exist_ok=True, mode=0o755)
        key = self.folder / "etc/munge.key"
        if not key.exists():
            key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        for number in range(self.gpus):
            device = self.folder / f"dev/gpu{number}"
            if not device.exists():  # a second /dev/null; with plain files SLURM names no device to the job
                os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        devices = f"{self.folder}/dev/gpu[0-{self.gpus - 1}]"
        (self.folder / "etc/gres.conf").write_text(f"Name=gpu Type=fake File={devices}\n")
        if not self.configuration.exists():
            self.configuration.write_text(self._settings())
        self._link()

    def _link(self) -> None:
        found = DEFAULT_CONFIGURATION
        if found.exists() and found.resolve() != self.configuration.resolve():
            raise NoCluster(f"{found} exists: this machine has a SLURM, or another test has started one")
        found.unlink(missing_ok=True)
        found.parent.mkdir(exist_ok=True)
        found.symlink_to(self.configuration)

    def _settings(self) -> str:
        memory = psutil.virtual_memory().total // 2**20 - 512
        node = f"NodeAddr=127.0.0.1 CPUs={self.cpus} RealMemory={memory} Gres=gpu:fake:{self.gpus} State=UNKNOWN"
        return TEMPLATE.read_text().format(
            folder=self.folder,
            host=self.host,
            controller=free_port(),
            node_port=free_port(),
            node=node,
            wait=KILL_WAIT,
        )

    def _broken(self, why: str) -> RuntimeError:
        logs = [path.read_text(errors="replace")[-1500:] for path in sorted((self.folder / "log").glob("slurm*"))]
        return RuntimeError("\n".join([f"The SLURM for tests: {why}", *logs]))


def end_forgotten(prefix: str) -> None:
    """End the cluster of tests that were killed; its folder has this prefix, nobody holds the lock on clusters."""
    if DEFAULT_CONFIGURATION.is_symlink():
        folder = DEFAULT_CONFIGURATION.readlink().parents[1]
        if folder.name.startswith(prefix):
            Cluster(folder).down()


def _until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def main() -> None:
    """Start or end a cluster from the command line."""
    action, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    if action == "up":
        print(f"up: {Cluster(folder).up().configuration}")
    elif action == "down":
        Cluster(folder).down()
    else:
        raise SystemExit("expected: up FOLDER, or down FOLDER")


if __name__ == "__main__":
    main()
