"""Starts runs quickly: `python -m tests.faults.launcher` imports the project once and forks for every run.

A run is a *driver*, which does what Snakemake's main process does (plan, lease, frozen plan, one batch after the
other, outputs of failed ones removed), and a *batch* process, which does what the script of the rule does. Both are
processes of their own that are killed like any other; only the two seconds of imports are saved.

A line of JSON on standard input starts a run; lines of JSON on standard output tell what becomes of it.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from personas.batch.job import main as batch_main
from personas.core.lease import RUN, lease
from personas.engines.http.client import Client
from personas.plan.batches import Batch
from personas.plan.frozen import FrozenPlan, Run, freeze, plan_file, write
from personas.requests.same_prefix import works as judging
from personas.requests.work import works as generating
from personas.workflow.planning import look
from tests.faults.patches import apply
from tests.helpers import Project, make_project

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def main() -> None:
    """Start runs until standard input closes."""
    _warm()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans come to us, and do not stay as zombies
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            if selector.select(0.02):
                line = sys.stdin.buffer.readline()
                if not line:
                    return
                _start(json.loads(line))
            _reap()


def _warm() -> None:
    """Import what a run imports late: plan a study, and fail to send a request."""
    with tempfile.TemporaryDirectory() as folder:
        study = make_project(Path(folder) / "study")
        look(study.grid(), study.results)
    asyncio.run(_send_nowhere())


async def _send_nowhere() -> None:
    client = Client("http://127.0.0.1:9/v1", "none", "nobody")
    await client.answers()
    await client.close()


def _start(told: dict[str, Any]) -> None:
    pid = os.fork()
    if pid == 0:
        _as_process(lambda: _drive(told), Path(told["stderr"]), leads=True)
    _tell(run=told["run"], driver=pid)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _tell(ended=ended[0], code=os.waitstatus_to_exitcode(ended[1]))


def _tell(**what: Any) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _as_process(body: Any, stderr: Path, leads: bool = False) -> NoReturn:
    """Be a process that ends as Python scripts end."""
    code = 0
    try:
        if leads:
            os.setsid()
            # A suite that is killed takes its runs along.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.closerange(3, 256)  # as a new process: among them is the driver's lease, which must end with the driver
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), 2)
        body()
    except SystemExit as error:
        code = int(error.code or 0)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        code = 1
    os._exit(code)


def _drive(told: dict[str, Any]) -> None:
    project = Project(Path(told["folder"]))
    plan_report = look(project.grid(), project.results)
    run = Run(told["run"], socket.gethostname(), os.getpid(), time.time())
    frozen = freeze(plan_report.plan, run, project.results, plan_report.estimates)
    with lease(project.results / "leases", RUN, run.id, frozen.to_make, told["patience"]):
        write(frozen)
        for path in frozen.to_make:
            (frozen.results / path).unlink(missing_ok=True)
        for batch in frozen.batches:
            code = _run_batch(frozen, batch, told)
            _tell(run=run.id, batch=batch.name, code=code)
            if code:
                for path in batch.outputs:
                    (frozen.results / path).unlink(missing_ok=True)
                sys.exit(1)


def _run_batch(frozen: FrozenPlan, batch: Batch, told: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        _as_process(lambda: _batch(frozen, batch, told), Path(told["stderr"]))
    _tell(run=frozen.run.id, batch=batch.name, pid=pid)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _batch(frozen: FrozenPlan, batch: Batch, told: dict[str, Any]) -> None:
    apply(told["patches"])
    log = frozen.folder() / "logs" / f"{batch.name}.log"
    works = judging if batch.judge else generating
    batch_main(works, str(plan_file(frozen.results, frozen.run.id)), batch.name, 1, str(log))


if __name__ == "__main__":
    main()
