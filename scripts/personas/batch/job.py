"""The job around a batch: lease, log, signals, and an end that has a name."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar

from personas.batch.advice import explain
from personas.batch.deadline import Deadline, job_end
from personas.batch.run import Work, run_batch
from personas.core import slurm
from personas.core.errors import UserError
from personas.core.garbage import collect_rarely
from personas.core.lease import lease
from personas.engines.errors import EngineError
from personas.grid.grid import Grid
from personas.plan.driver import Driver
from personas.plan.frozen import FrozenPlan, Run, read
from personas.plan.outcome import UNDER_WAY, Outcome, outcome_file, read_outcome

logger = logging.getLogger(__name__)
T = TypeVar("T")

WorksOf = Callable[[Grid, Sequence[str], Path], Sequence[Work]]
"""What a stage adds: the works that make some cells of a grid, given by their paths below a results folder."""

EXIT_USER = 1
EXIT_DISK = 77

_ABOUT_THE_DISK = (
    "What was finished before is in the journal. To do: make room, or see to it that it may be written to."
)


class Stopped(Exception):
    """The batch was asked to stop (a signal), or Snakemake is gone."""

    name: ClassVar[str] = "stopped"
    exit_code: ClassVar[int] = 78


class OutOfWalltime(Stopped):
    """The batch stopped by itself, because its job is about to be ended."""

    name = "out-of-walltime"
    exit_code = 80


def main(works_of: WorksOf, frozen_plan: str, batch_name: str, threads: int, log: str) -> None:
    """Run a batch by its name; end the process with a named code and one sentence when it cannot finish."""
    log_file = Path(log)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=log_file, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    logging.raiseExceptions = False  # on a full disk every line would print a traceback
    collect_rarely()
    frozen: FrozenPlan | None = None

    def fail(name: str, sentence: str, code: int) -> NoReturn:
        if frozen is not None:
            _record_end(frozen, batch_name, name, sentence)
        _end_process(name, sentence, code)

    try:
        frozen = read(frozen_plan)
        run(works_of, frozen, batch_name, threads, log_file)
    except UserError as error:
        fail("refused", str(error), EXIT_USER)
    except Stopped as error:
        fail(error.name, str(error), error.exit_code)
    except EngineError as error:
        fail(error.name, _explanation(error, frozen, batch_name), error.exit_code)
    except OSError as error:
        fail("disk", f"{error}. {_ABOUT_THE_DISK}", EXIT_DISK)


def run(works_of: WorksOf, frozen: FrozenPlan, batch_name: str, threads: int, log: Path) -> Outcome:
    """Run a batch under a lease on its cells."""
    frozen.study.require_texts()  # stand-ins are for planning: no model may ever read one
    batch = frozen.batch(batch_name)
    with lease(frozen.results / "leases", batch.name, frozen.run.id, batch.outputs):
        deadline = Deadline(job_end())
        works = works_of(frozen.grid, batch.outputs, frozen.results)
        work = run_batch(frozen, batch, works, threads, log.with_suffix(".engine.log"), deadline)
        return asyncio.run(run_guarded(work, frozen.run, deadline))


def _explanation(error: EngineError, frozen: FrozenPlan | None, batch_name: str) -> str:
    if frozen is None:
        return str(error)
    batch = frozen.batch(batch_name)
    return explain(error, batch.where, batch.model_section(frozen.study.config))


def _record_end(frozen: FrozenPlan, batch_name: str, name: str, sentence: str) -> None:
    """Tell later plans, and the last lines of the run, how the batch ended, as far as the disk lets us."""
    outcome = read_outcome(outcome_file(frozen.folder(), batch_name))
    if outcome is None:
        batch = frozen.batch(batch_name)
        outcome = Outcome(batch_name, batch.asked_slug, batch.model_section(frozen.study.config).engine)
    if outcome.ended == UNDER_WAY:
        outcome.ended, outcome.why, outcome.live = name, sentence.split("\n")[0], None
        with contextlib.suppress(OSError):
            outcome.write(frozen.folder())


async def run_guarded(work: Coroutine[Any, Any, T], run: Run, deadline: Deadline) -> T:
    """Run `work`; end it cleanly on SIGTERM and SIGINT, when its Snakemake is gone, and before the deadline."""
    task = asyncio.ensure_future(work)
    reasons: list[Stopped] = []

    def stop(reason: str, kind: type[Stopped] = Stopped) -> None:
        if not reasons:
            reasons.append(kind(f"The batch {reason}; the journal keeps what it finished."))
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, f"got {number.name}")
    guards = [asyncio.create_task(_until_orphaned(run, stop)), asyncio.create_task(_until_due(deadline, stop))]
    try:
        return await task
    except asyncio.CancelledError:
        raise (reasons[0] if reasons else Stopped("The batch was cancelled.")) from None
    except BaseExceptionGroup as group:
        raise _first(group) from None
    finally:
        for guard in guards:
            guard.cancel()


async def _until_due(deadline: Deadline, stop: Any) -> None:
    """Call `stop` when the end of the job is near."""
    await deadline.until_due()
    stop("stopped before the end of its walltime", OutOfWalltime)


async def _until_orphaned(run: Run, stop: Any) -> None:
    """Call `stop` once the process that drives the run is gone."""
    driver = Driver(run, may_outlive=slurm.job_id() is not None)
    while not driver.is_gone():
        await asyncio.sleep(0.3)
    stop("lost its Snakemake")


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    """Return the most telling failure of a group: one of ours if there is one, else the first."""
    leaves = list(_leaves(group))
    return next((leaf for leaf in leaves if isinstance(leaf, EngineError | OSError | UserError)), leaves[0])


def _leaves(error: BaseException) -> Any:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _end_process(name: str, sentence: str, code: int) -> NoReturn:
    logger.error("%s: %s", name, sentence)
    with contextlib.suppress(OSError):
        print(f"{name}: {sentence}", file=sys.stderr, flush=True)
    logging.shutdown()
    os._exit(code)
