"""One batch: hold its dialogues side by side, ask its items, write its cells."""

import asyncio
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from scripts.config.models import LlamaCppModel
from scripts.engines.engine import Served, serve
from scripts.engines.llamacpp import hints
from scripts.files import write_atomically
from scripts.generate.asker import Asker
from scripts.generate.journal import Journal
from scripts.generate.progress import Progress
from scripts.generate.projection import write_cell
from scripts.generate.track import Asked, TrackWork
from scripts.generate.transcript import dialogue_table, response_table, rounds_of
from scripts.grid.cells import Cell, Track
from scripts.grid.grid import Grid, asked_items, user_turns
from scripts.grid.recipe import opening, system_prompt
from scripts.plan.batches import Batch
from scripts.plan.frozen import FrozenPlan

logger = logging.getLogger(__name__)

# Messages, sampling and template arguments stand in a request by themselves.
_NOT_IN_REQUEST_IDENTITY = frozenset({"sampling", "system_role", "thinking"})


@dataclass
class Outcome:
    """What a batch did, for the summary of the run."""

    batch: str
    sent: int = 0
    from_journal: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    engine_seconds: float = 0.0
    statuses: dict[str, dict[str, int]] = field(default_factory=dict)


async def run_batch(frozen: FrozenPlan, batch: Batch, threads: int, engine_log: Path) -> Outcome:
    """Make every cell of a batch and write its outcome into the folder of the run.

    EngineError when the infrastructure fails; whatever was finished by then is in the journal.
    """
    works = plan_works(frozen.grid, batch, frozen.results)
    model = frozen.study.config.models[batch.model]
    lanes = min(model.concurrency, len(works)) if isinstance(model, LlamaCppModel) else None
    outcome = Outcome(batch.name)

    def start() -> AbstractAsyncContextManager[Served]:
        return serve(model, batch.model, lanes or 1, threads, engine_log)

    folder = frozen.results / "journal" / batch.model
    with Progress(batch.name, sum(work.planned for work in works)) as progress:
        async with Journal(folder, batch.name) as journal:
            async with Asker(journal, start, model.concurrency, progress) as asker:
                await _hold_all(works, asker, lanes)
            _record_usage(outcome, progress)
    outcome.statuses = write_cells(frozen.results, works)
    _write_outcome(frozen.folder(), outcome)
    return outcome


def plan_works(grid: Grid, batch: Batch, results: Path) -> list[TrackWork]:
    """Return the work on each track of a batch; finished dialogues are read from their files."""
    tracks: dict[Track, list[Cell]] = defaultdict(list)
    for path in batch.outputs:
        cell = grid.by_path[path]
        tracks[cell.track].append(cell)
    return [_work(grid, track, cells, results) for track, cells in tracks.items()]


def _work(grid: Grid, track: Track, cells: list[Cell], results: Path) -> TrackWork:
    study = grid.study
    model, persona = study.config.models[track.model], study.personas.get(track.persona)
    missing = [cell for cell in cells if cell.benchmark is None]
    work = TrackWork(
        model=model,
        identity=_request_identity(cells[0].spec["model"]),
        opening=opening(model, system_prompt(model, persona)),
        turns=user_turns(study, track.model, track.persona, track.condition, track.order),
        seed=cells[0].spec["seed"],
        dialogue=missing[0] if missing else None,
        asked=[_asked(grid, cell) for cell in cells if cell.benchmark is not None],
        checkpoints=study.config.checkpoints,
    )
    if work.dialogue is None:
        work.rounds = rounds_of(pq.read_table(results / grid.dialogues[track].path))
    return work


def _asked(grid: Grid, cell: Cell) -> Asked:
    study, benchmark = grid.study, cell.benchmark or ""
    sets = dict(asked_items(study, benchmark, cell.track.persona))
    longest = study.config.benchmarks[benchmark].max_tokens
    default = study.config.models[cell.track.model].sampling.max_tokens
    return Asked(cell, sets[cell.as_persona], longest or default)


def _request_identity(model: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in model.items() if key not in _NOT_IN_REQUEST_IDENTITY}


async def _hold_all(works: list[TrackWork], asker: Asker, lanes: int | None) -> None:
    """Hold all tracks side by side. With lanes, a track keeps one lane of the engine, and so its prefix."""
    free: asyncio.Queue[int] = asyncio.Queue()
    for lane in range(lanes or 0):
        free.put_nowait(lane)

    async def hold(work: TrackWork) -> None:
        if not isinstance(work.model, LlamaCppModel):
            await work.hold(lambda request: asker.ask(request, {}), in_order=False)
            return
        lane = await free.get()
        to_lane = hints(work.model, lane)
        await work.hold(lambda request: asker.ask(request, to_lane), in_order=True)
        free.put_nowait(lane)

    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(hold(work))
    except asyncio.CancelledError:
        if asker.failure is not None:
            raise asker.failure from None
        raise


def write_cells(results: Path, works: list[TrackWork]) -> dict[str, dict[str, int]]:
    """Write every cell and return, per stage or benchmark, how many rows ended in which status."""
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for work in works:
        if work.dialogue is not None:
            totals["dialogues"].update(write_cell(results, work.dialogue, dialogue_table(work.rounds)))
        for asked in work.asked:
            table = response_table(work.responses.get(asked.cell.path, []))
            totals[asked.cell.benchmark or ""].update(write_cell(results, asked.cell, table))
    return {stage: dict(counts) for stage, counts in totals.items()}


def _record_usage(outcome: Outcome, progress: Progress) -> None:
    outcome.sent = progress.sent
    outcome.from_journal = progress.from_journal
    outcome.prompt_tokens = progress.prompt_tokens
    outcome.cached_tokens = progress.cached_tokens
    outcome.completion_tokens = progress.completion_tokens
    outcome.engine_seconds = round(progress.engine_seconds(), 2)
    logger.info(
        "%s: %d requests sent, %d from the journal, %.0f tokens/s",
        progress.name,
        progress.sent,
        progress.from_journal,
        progress.tokens_per_second(),
    )


def _write_outcome(folder: Path, outcome: Outcome) -> None:
    write_atomically(folder / f"{outcome.batch}.json", json.dumps(vars(outcome), indent=1).encode())
