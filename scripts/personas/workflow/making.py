"""Jobs of tables, figures and pages: one makes what is missing of one family, in one process or in several.

Snakemake removes all outputs of a job that failed. What was finished by then is kept in the folder of the run, and
put back when the job is tried again, or when the run ends.
"""

import ctypes
import gc
import importlib
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import psutil

from personas.core.errors import UserError
from personas.core.garbage import collect_rarely
from personas.plan import declaration
from personas.plan import frozen as frozen_plans
from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan

LOOK = 10.0
"""Seconds between two looks at forks."""


def main(plan: str, family: str, threads: int, log: str) -> None:
    """Make the artefacts of a family of a frozen plan; exit with 1 where one cannot be made, told in one sentence."""
    logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is finished is kept
    collect_rarely()
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every glyph
    try:
        frozen = frozen_plans.read(plan)
    except UserError as error:
        _tell(error)
        sys.exit(1)
    if not make(frozen, family, threads):
        sys.exit(1)


def leave() -> NoReturn:
    """End this process, whose files are all written: taking apart what it imported is a tenth of a short job."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def make(frozen: FrozenPlan, name: str, threads: int = 1) -> bool:
    """Make the artefacts of a family and tell whether all are made; what went wrong is told and logged."""
    family, ready = frozen.family(name), list[Artefact]()
    try:
        ready += (each for each in family.artefacts if _restore(frozen, each.outputs))
        missing = [each for each in family.artefacts if each not in ready]
        ready += _in_processes(frozen, missing, threads) if threads > 1 else _in_turn(frozen, missing)
    finally:  # also where somebody ends the job
        if len(ready) < len(family.artefacts):
            for each in ready:
                _keep(frozen, each.outputs)
    return len(ready) == len(family.artefacts)


def _in_turn(frozen: FrozenPlan, missing: list[Artefact]) -> Iterator[Artefact]:
    """Make one artefact after the other; yield those that could be made."""
    return (each for each in missing if _make(frozen, each))


def _in_processes(frozen: FrozenPlan, missing: list[Artefact], threads: int) -> Iterator[Artefact]:
    """The same side by side, in forks of this process, which has imported what they need."""
    if not missing:
        return
    warm_up(missing[0].maker.partition(":")[0])
    fork = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(min(threads, len(missing)), fork, _end_with_parent, (os.getpid(),))
    waiting: dict[Future[bool], Artefact] = {}
    gc.freeze()  # a fork must not collect what belongs to threads that it does not have
    try:
        waiting |= {pool.submit(_make, frozen, each): each for each in missing}
        while waiting:
            for future in wait(waiting, LOOK, FIRST_COMPLETED).done:
                each = waiting.pop(future)
                if future.result():
                    yield each
            _wake_forks()
    finally:
        gc.unfreeze()
        pool.shutdown(wait=not waiting, cancel_futures=True)  # `leave` waits for nobody
        for child in psutil.Process().children() if waiting else ():
            with suppress(psutil.Error):
                child.kill()


def _wake_forks() -> None:
    """Let forks go on that somebody stopped: a job would wait for them for ever."""
    for fork in psutil.Process().children():
        with suppress(psutil.Error):
            if fork.status() == psutil.STATUS_STOPPED:
                logging.warning("process %d was stopped, and goes on", fork.pid)
                fork.resume()


def _end_with_parent(parent: int) -> None:
    """Have a fork killed with the job, even if that is killed itself (Linux; elsewhere it ends its work first)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _make(frozen: FrozenPlan, artefact: Artefact) -> bool:
    try:
        declaration.make(frozen, artefact)
    except UserError as error:
        _tell(error)
        return False
    except Exception:
        logging.exception("failed: %s", artefact.plain_outputs[0])
        sys.excepthook(*sys.exc_info())
        return False
    return True


def _tell(error: UserError) -> None:
    logging.error("%s", error)
    print(error, file=sys.stderr, flush=True)


def warm_up(module: str) -> None:
    """Import the module of a maker, and do what it says every fork would else do anew."""
    getattr(importlib.import_module(module), "warm_up", lambda: None)()


def _finished_folder(frozen: FrozenPlan) -> Path:
    return frozen.folder() / "finished"


def _keep(frozen: FrozenPlan, outputs: tuple[str, ...]) -> None:
    for path in outputs:
        aside = _finished_folder(frozen) / path
        aside.parent.mkdir(parents=True, exist_ok=True)
        (frozen.results / path).replace(aside)


def _restore(frozen: FrozenPlan, outputs: tuple[str, ...]) -> bool:
    """Put back what an earlier try finished; tell whether all of it was there."""
    aside = [_finished_folder(frozen) / path for path in outputs]
    if not all(path.exists() for path in aside):
        return False
    for path, source in zip(outputs, aside, strict=True):
        source.replace(frozen.results / path)
    return True


def restore_finished(frozen: FrozenPlan) -> None:
    """Put back what failed jobs of a run had finished."""
    for each in frozen.artefacts if _finished_folder(frozen).exists() else ():
        _restore(frozen, each.outputs)
