"""The work of a generation batch: its dialogues, each with the items asked behind it."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from personas.config.users import SAME
from personas.core.parquet import read_table
from personas.engines.request import Reply, request_identity
from personas.grid.cells import Cell, Track
from personas.grid.grid import Grid, brief_for, user_identity, user_turns
from personas.grid.question_sets import items_of
from personas.grid.study import Study
from personas.prompts.recipe import opening, system_prompt
from personas.requests.simulated_user import SimulatedUser
from personas.requests.steps import CellItems
from personas.requests.track import TrackWork
from personas.requests.transcript import Round, rounds_of


def works(grid: Grid, paths: Iterable[str], results: Path) -> list[TrackWork]:
    """Return the work on each track of the cells to make; finished dialogues are read from their files."""
    tracks: dict[Track, list[Cell]] = defaultdict(list)
    for path in paths:
        cell = grid.by_path[path]
        tracks[cell.track].append(cell)
    by_track = {track: new_work(grid, track, group) for track, group in tracks.items()}
    for track, work in by_track.items():
        if work.dialogue is None:
            work.rounds = _finished_rounds(grid, track, results)
        elif track.source:
            work.source = by_track.get(track.source)
            if work.source is None or work.source.dialogue is None:
                work.source, work.replayed = None, _finished_rounds(grid, track.source, results)
    return list(by_track.values())


def _finished_rounds(grid: Grid, track: Track, results: Path) -> list[Round]:
    """Return the rounds of a finished dialogue."""
    return rounds_of(read_table(results / grid.dialogues[track].path))


def new_work(grid: Grid, track: Track, cells: list[Cell]) -> TrackWork:
    """Return the work that makes `cells` of a track, before any round is held or read."""
    study = grid.study
    model, persona = study.config.models[track.model], study.personas.get(track.persona)
    missing = [cell for cell in cells if cell.benchmark is None]
    turns = user_turns(study, track)
    return TrackWork(
        model=model,
        identity=request_identity(cells[0].spec["model"]),
        opening=opening(model, system_prompt(model, persona)),
        turns=turns,
        seed=cells[0].spec["seed"],
        dialogue=missing[0] if missing else None,
        cell_items=[_cell_items(grid, cell) for cell in cells if cell.benchmark is not None],
        checkpoints=study.config.checkpoints,
        persona=persona,
        intervention=study.config.interventions.get(track.intervention),
        user=_user(grid, track, cells[0]),
        rounds=[
            Round(n, *pair, None)
            for n, pair in enumerate(zip(turns, _transcript_answers(study, track), strict=False), start=1)
        ],
    )


def _transcript_answers(study: Study, track: Track) -> list[Reply]:
    """Return the answers of a dialogue that was held elsewhere; none where the model is asked."""
    return [Reply("ok", text=answer) for answer in study.answers.get(track.condition, ())]


def _user(grid: Grid, track: Track, cell: Cell) -> SimulatedUser | None:
    """Return who writes the user turns of a track; None where they are known."""
    study, section = grid.study, grid.study.config.conditions[track.condition].user
    brief = brief_for(study, track)
    if section is None or brief is None:
        return None
    slug = None if section.model == SAME else section.model
    model = study.config.users[slug] if slug else study.config.models[track.model]
    persona = study.personas.get(track.persona)
    return SimulatedUser(
        slug,
        model,
        request_identity(user_identity(study, slug) if slug else cell.spec["model"]),
        brief,
        persona.role if persona else study.config.models[track.model].addressed_as,
        section.max_tokens or model.sampling.max_tokens,
    )


def _cell_items(grid: Grid, cell: Cell) -> CellItems:
    longest = grid.study.config.longest_answer(cell.track.model, cell.benchmark)
    return CellItems(cell, items_of(grid.study, cell), longest)
