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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from scripts.engines.supervisor import free_port

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
DEFAULT_CONFIGURATION = Path("/etc/slurm/slurm.conf")
KILL_WAIT = 5
"""Seconds from SIGTERM to SIGKILL at the end of the walltime; SLURM's own default is 30."""


class NoCluster(Exception):
    """No SLURM can be had on this machine; the sentence says why."""


@dataclass(frozen=True)
class Cluster:
    """A cluster below `folder`. `cpus` may exceed the real cores, so that small jobs run side by side."""

    folder: Path
    cpus: int = 8
    gpus: int = 3

    @property
    def host(self) -> str:
        return socket.gethostname().split(".")[0]

    @property
    def configuration(self) -> Path:
        return self.folder / "etc/slurm.conf"

    def up(self) -> "Cluster":
        """Install, configure and start; NoCluster where that cannot be."""
        _install(self.folder)
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
            _until(lambda: not self.jobs(), 20)
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
        if not _until(answers, 30):
            raise self._broken(f"{daemon} does not come up")

    def stop(self, daemon: str) -> None:
        """End a daemon by the process id in its file, after a look whether that is the daemon."""
        pid = self.pid(daemon)
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            if not _until(lambda: self.pid(daemon) is None, 10):
                os.kill(pid, signal.SIGKILL)
                _until(lambda: self.pid(daemon) is None, 5)

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
            command, check=check, capture_output=True, text=True, timeout=60, env=self._environment()
        )

    def jobs(self) -> dict[str, str]:
        """Return the state of every job that has not ended, by its id."""
        told = self.ask("squeue", "-h", "-o", "%A %T", check=False).stdout
        return dict(line.split() for line in told.splitlines())

    def ended(self) -> list[dict[str, str]]:
        """Return what SLURM wrote of every job that has ended, the earliest first."""
        log = self.folder / "log/jobcomp.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in lines]

    def set_node(self, state: str, check: bool = True) -> None:
        """Set the state of the node: `DRAIN`, `RESUME`, ..."""
        self.ask("scontrol", "update", f"NodeName={self.host}", f"State={state}", "Reason=test", check=check)

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
        return self.ask("sinfo", "-h", "-o", "%T", check=False).stdout.strip() in ("idle", "mixed", "allocated")

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
        return SETTINGS.format(
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


SETTINGS = """
ClusterName=personas
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.socket
CredType=cred/munge
SlurmctldPort={controller}
SlurmdPort={node_port}
# listen on 127.0.0.1 only
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# a job over its memory is killed within two seconds; its state is then FAILED
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=500
GresTypes=gpu
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,bf_resolution=10
KillWait={wait}
CompleteWait=0
SlurmctldTimeout=30
SlurmdTimeout=60
ReturnToService=2
# ended jobs stay in squeue: the executor reads there how they ended
MinJobAge=600
EnforcePartLimits=ALL
JobRequeue=1
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/log/jobcomp.log
NodeName={host} {node}
PartitionName=main Nodes={host} Default=YES MaxTime=60 DefaultTime=30 State=UP
PartitionName=gpu Nodes={host} MaxTime=60 DefaultTime=30 State=UP
"""


def _install(folder: Path) -> None:
    """Install the packages that are not there."""
    if os.geteuid() != 0:
        raise NoCluster("starting one takes root")
    if all(shutil.which(program) for program in ("slurmctld", "slurmd", "sbatch", "munged")):
        return
    if not shutil.which("apt-get"):
        raise NoCluster("no SLURM is installed, and this machine has no apt-get")
    log = folder / "log/apt.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install: Sequence[str] = ("apt-get", "install", "-y", "--no-install-recommends", *PACKAGES)
    with log.open("wb") as file:
        for command in (("apt-get", "update"), install):
            done = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=240
            )
    if done.returncode != 0:
        raise NoCluster(f"apt-get could not install {', '.join(PACKAGES)}: {log.read_text()[-400:]}")


def end_forgotten(prefix: str) -> None:
    """End the cluster of tests that were killed; its folder has this prefix, nobody holds the lock on clusters."""
    if DEFAULT_CONFIGURATION.is_symlink():
        folder = DEFAULT_CONFIGURATION.readlink().parents[1]
        if folder.name.startswith(prefix):
            Cluster(folder).down()


def _until(condition: Callable[[], bool], seconds: float) -> bool:
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
