"""Run the works of a batch with one engine, and write its cells."""

import asyncio
import contextlib
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from personas.batch.asker import Asker
from personas.batch.deadline import Deadline
from personas.batch.endpoint_turn import endpoint_turn
from personas.batch.open_files import allow_open_files
from personas.batch.pace import Pace
from personas.batch.progress import Progress
from personas.config.models import ModelSection
from personas.core import slurm
from personas.engines.limits.gate import Gate
from personas.engines.place import Place
from personas.engines.request import Ask, Reply, Request
from personas.engines.running import RunningEngine, lane_hints, serve
from personas.grid.cells import Cell
from personas.plan.batches import Batch
from personas.plan.costs.rates import least_seconds
from personas.plan.frozen import FrozenPlan
from personas.plan.outcome import FINISHED, Outcome, outcome_file, read_outcome
from personas.requests.journal import Journal
from personas.requests.projection import write_cell

logger = logging.getLogger(__name__)


class Work(Protocol):
    """A part of a batch whose requests share prefixes: a dialogue with its items, or one cell to judge."""

    @property
    def planned(self) -> int:
        """Requests at most."""

    def in_a_row(self, in_order: bool) -> int:
        """Return how many of the requests that are left wait for each other."""

    async def run(self, ask: Ask, in_order: bool) -> None:
        """Ask everything. `in_order`: the engine keeps one prefix a lane, so one request follows the other."""

    def cells(self) -> Iterable[tuple[Cell, pa.Table]]:
        """Return the cells with their content, once everything was asked."""


async def run_batch(
    frozen: FrozenPlan, batch: Batch, works: Sequence[Work], threads: int, engine_log: Path, deadline: Deadline
) -> Outcome:
    """Make every cell of a batch; its outcome stands in the folder of the run, from the start on.

    EngineError when the infrastructure fails; whatever was finished by then is in the journal.
    """
    model = batch.model_section(frozen.study.config)
    outcome = _outcome(frozen, batch, model)
    outcome.began, outcome.job, outcome.devices = time.time(), slurm.job_id(), slurm.devices()
    outcome.write(frozen.folder())
    lanes = min(model.concurrency, len(works)) if model.keeps_lanes else None

    allow_open_files(model.concurrency, batch.where)
    machine = frozen.study.config.machine
    place = Place(batch.asked_slug, batch.where, machine, threads, lanes or 1, engine_log)

    with _progress(frozen, batch, works, lanes, outcome.sent_before) as progress:
        try:
            async with progress.kept_on_disk(outcome, frozen.folder()), AsyncExitStack() as stack:
                asker = await _asker(stack, frozen, batch, model, place, progress, deadline)
                askers: dict[str | None, Asker] = {None: asker}
                for slug in batch.users:
                    user, log = frozen.study.config.users[slug], engine_log.with_suffix(f".{slug}.log")
                    beside = Place(slug, f"users.{slug}", machine, threads, lanes or 1, log)
                    askers[slug] = await _asker(stack, frozen, batch, user, beside, progress, deadline)
                await _run_all(works, model, askers, lanes)
                for one in askers.values():
                    one.refusals.conclude()
        finally:
            progress.log()
            outcome.over = time.time()
            with contextlib.suppress(OSError):  # a full disk has failed at something that matters more
                outcome.write(frozen.folder())
    outcome.statuses = write_cells(frozen.results, works)
    outcome.ended, outcome.over = FINISHED, time.time()
    outcome.write(frozen.folder())
    return outcome


async def _asker(
    stack: AsyncExitStack,
    frozen: FrozenPlan,
    batch: Batch,
    model: ModelSection,
    place: Place,
    progress: Progress,
    deadline: Deadline,
) -> Asker:
    """Return who asks a model of a batch, with the model's own journal; the stack ends both."""
    is_main = place.slug == batch.asked_slug
    if model.price:
        progress.prices[None if is_main else place.slug] = model.price

    def start() -> AbstractAsyncContextManager[RunningEngine]:
        return serve(model, place)

    def gate() -> AbstractAsyncContextManager[Gate | None]:
        return endpoint_turn(model, frozen.results, place.slug, place.where, progress.remaining)

    journal = await stack.enter_async_context(Journal(frozen.results / "journal" / place.slug, batch.name))
    asker = Asker(journal, start, model.concurrency, progress, gate, deadline, is_main)
    return await stack.enter_async_context(asker)


def _outcome(frozen: FrozenPlan, batch: Batch, model: ModelSection) -> Outcome:
    """Return the outcome of a batch that begins, with what earlier tries of this run have sent and spent."""
    outcome = Outcome(batch.name, batch.asked_slug, model.engine, cells=list(batch.outputs))
    if earlier := read_outcome(outcome_file(frozen.folder(), batch.name)):
        outcome.sent_before = earlier.sent_before + earlier.sent
        outcome.money, outcome.currency = earlier.money, earlier.currency
    return outcome


def _progress(
    frozen: FrozenPlan, batch: Batch, works: Sequence[Work], lanes: int | None, sent_before: int
) -> Progress:
    model, estimate = batch.model_section(frozen.study.config), frozen.estimates.get(batch.name)
    return Progress(
        batch.name,
        sum(work.planned for work in works),
        None if estimate is None else max(0, estimate.to_send - sent_before),
        Pace(lanes or model.concurrency),
        lambda: max((work.in_a_row(lanes is not None) for work in works), default=0),
        lambda requests, tokens: least_seconds(model, requests, tokens),
    )


async def _run_all(
    works: Sequence[Work], model: ModelSection, askers: Mapping[str | None, Asker], lanes: int | None
) -> None:
    """Run all works side by side. With lanes, a work keeps one lane of the engine, and so its prefix.

    `askers`: of the model (None), and of those that write user turns.
    """
    free: asyncio.Queue[int] = asyncio.Queue()
    for lane in range(lanes or 0):
        free.put_nowait(lane)

    async def run(rank: int, work: Work) -> None:
        lane = await free.get() if lanes else None
        to_lane = lane_hints(model, lane)

        async def ask(request: Request) -> Reply:
            return await askers[request.by].ask(request, {} if request.by else to_lane, rank)

        await work.run(ask, in_order=lane is not None)
        if lane is not None:
            free.put_nowait(lane)

    try:
        async with asyncio.TaskGroup() as group:
            for rank, work in enumerate(works):
                group.create_task(run(rank, work))
    except asyncio.CancelledError:
        for asker in askers.values():
            if asker.failure is not None:
                raise asker.failure from None
        raise


def write_cells(results: Path, works: Iterable[Work]) -> dict[str, dict[str, int]]:
    """Write every cell and return, per kind of cell, how many rows ended in which status."""
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for work in works:
        for cell, table in work.cells():
            totals[cell.kind].update(write_cell(results, cell, table))
    return {kind: dict(counts) for kind, counts in totals.items()}
