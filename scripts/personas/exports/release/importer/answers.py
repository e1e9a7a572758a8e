"""Dialogues and responses from released files: the tables that our own cells have."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from personas.benchmarks import BENCHMARKS
from personas.config.release import BaselineOrder, Release
from personas.exports.release.importer.columns import Columns, File, Origin, answer_columns, not_imported
from personas.exports.release.importer.fit import Fit
from personas.exports.release.importer.reading import read_dialogue, read_responses
from personas.exports.release.importer.sources import Sources
from personas.grid.cells import Cell
from personas.grid.grid import Grid, user_turns
from personas.grid.release.layout import ORDERS, baseline_layout, baseline_order, cell_items, layout, places
from personas.grid.study import Study
from personas.requests.transcript import DIALOGUE_SCHEMA, RESPONSE_SCHEMA


def imported_dialogue(grid: Grid, cell: Cell, sources: Sources, origin: Origin) -> pa.Table:
    """Return a dialogue as a table, one row a round; where there is no file to use, each row says so."""
    track, columns = cell.track, Columns(DIALOGUE_SCHEMA)
    turns = user_turns(grid.study, track)
    rounds = sources.read("dialogue", lambda text: read_dialogue(text, len(turns)))
    if isinstance(rounds, str):
        for number, turn in enumerate(turns, start=1):
            columns.add(round=number, user=turn, **not_imported(rounds))
        return columns.table()
    file = sources.file("dialogue")
    for number, (user, answer) in enumerate(rounds, start=1):
        columns.add(round=number, user=user, **answer_columns(answer, file, number - 1))
    _note_other_turns(origin, file, turns, [user for user, _ in rounds], track.order == "shuffled")
    return columns.table()


def _note_other_turns(origin: Origin, file: File, script: list[str], turns: list[str], any_order: bool) -> None:
    """Note how many user turns are not those of the config's script; the shuffled order is the release's own."""
    if any_order:
        script, turns = sorted(script), sorted(turns)
    others = sum(one != other for one, other in zip(script, turns, strict=True))
    if others:
        origin.notes[file.path] = f"{others} of {len(turns)} user turns are not those that the config names"


def imported_responses(grid: Grid, cell: Cell, sources: Sources, origin: Origin) -> pa.Table:
    """Return responses as a table, one row an answer, by checkpoint and then in the order of the items."""
    study, benchmark = grid.study, cell.benchmark or ""
    items = cell_items(study, benchmark, cell.track.persona, cell.as_persona)
    ids = layout(study, benchmark, cell.track.persona)
    files = {t: sources.read(str(t), lambda text: read_responses(text, len(ids))) for t in study.config.checkpoints}
    if cell.as_persona:
        there = {sources.file(str(t)).path: texts for t, texts in files.items() if not isinstance(texts, str)}
        origin.order = _matched_order(study, benchmark, there, origin)
        ids = baseline_layout(study, benchmark, origin.order)
    place_of, columns = places(ids), Columns(RESPONSE_SCHEMA)
    for t, texts in files.items():
        for item in items:
            place = place_of[item.id]
            answer = (
                not_imported(texts)
                if isinstance(texts, str)
                else answer_columns(texts[place], sources.file(str(t)), place)
            )
            columns.add(checkpoint=t, item_id=item.id, prompt=item.prompt, **answer)
    return columns.table()


def _matched_order(
    study: Study, benchmark: str, files: Mapping[str, Sequence[str | None]], origin: Origin
) -> BaselineOrder:
    """Return the order of the baseline's answers in files, by path: the named one, or the one that fits the words.

    What is doubtful is noted.
    """
    usual = baseline_order(study, benchmark)
    [other] = (order for order in ORDERS if order != usual)
    ours, theirs = (baseline_layout(study, benchmark, order) for order in (usual, other))
    if ours == theirs or not files:
        return usual
    items = BENCHMARKS[study.config.kind_of(benchmark)].items_for(study.items[benchmark], None)
    fit = Fit({item.id: item.prompt for item in items}, ours, theirs)
    if (study.config.release or Release()).named_order(benchmark):
        origin.notes.update({path: note for path, answers in files.items() if (note := fit.note(answers))})
        return usual
    if doubt := fit.doubt(files.values()):
        origin.notes.update(dict.fromkeys(files, doubt))
        return usual
    here, there = fit.shares(files.values()) or (0.0, 0.0)
    return usual if here > there else other
