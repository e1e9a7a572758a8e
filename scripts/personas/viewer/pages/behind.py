"""The items that were asked behind a dialogue at one checkpoint: answer, score and reference of each."""

from collections.abc import Iterator
from typing import Any

from personas.benchmarks.base import Item
from personas.config.kinds import is_pairwise
from personas.grid.cells import Cell
from personas.grid.judgements import read_of_item
from personas.grid.question_sets import items_of
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.filters import Where
from personas.viewer.data.texts import by, ratings_of_track, rows_of
from personas.viewer.data.verdicts import JudgedRow, verdicts
from personas.viewer.marks import marks_of
from personas.viewer.pages.dialogue import dialogue_of
from personas.viewer.parameters import Missing, Parameters
from personas.viewer.view import View

ITEMS = 20
"""Items on one page."""


def behind(corpus: Corpus, params: Parameters) -> View:
    """Return the items of a benchmark (`item`: one of them) asked at a checkpoint; `part`: no page around them."""
    name, dialogue = dialogue_of(corpus, params.text("name"))
    checkpoint, cells = params.whole("checkpoint"), _cells(corpus, name)
    benchmark = params.choice("benchmark", cells, next(iter(cells), None)) or ""
    if checkpoint not in corpus.study.config.checkpoints or not benchmark:
        raise Missing(f"dialogue {name}: nothing was asked at checkpoint {checkpoint}, or it is not finished.")
    where = Where().plus("checkpoint = $checkpoint", checkpoint=checkpoint)
    if item := params.text("item"):
        where = where.plus("item_id = $item", item=item)
    page, part = params.page(), [each for cell in cells[benchmark] for each in _answers(corpus, name, cell, where)]
    return View(
        "behind_items" if params.text("part") else "behind",
        f"{benchmark} at checkpoint {checkpoint}",
        {
            "name": name,
            "track": dialogue.track,
            "checkpoint": checkpoint,
            "benchmark": benchmark,
            "benchmarks": list(cells),
            "item": item,
            "answers": part[(page - 1) * ITEMS : page * ITEMS],
            "total": len(part),
            "page": page,
            "pages": -(-len(part) // ITEMS),
            "params": params,
            "marks": marks_of(corpus, dialogue.track),
        },
    )


def _cells(corpus: Corpus, name: str) -> dict[str, list[Cell]]:
    """Return the responses of a dialogue by benchmark: of a baseline there may be one cell for each persona."""
    by_benchmark: dict[str, list[Cell]] = {}
    for cell in corpus.cells(name, "responses"):
        by_benchmark.setdefault(cell.benchmark or "", []).append(cell)
    return by_benchmark


def _answers(corpus: Corpus, name: str, cell: Cell, where: Where) -> Iterator[dict[str, Any]]:
    """Yield the answers of a cell with what they are measured by."""
    items = {item.id: item for item in items_of(corpus.study, cell)}
    ratings = by(ratings_of_track(corpus, cell, cell.benchmark or "", where), "item_id")
    judgements = _judgements(corpus, name, cell, where)
    for row in rows_of(corpus, cell, where):
        item, here = items.get(row["item_id"]), ratings.get(row["item_id"], ())
        # What belongs to nobody may be rated as each persona in turn.
        same = [
            r
            for r in here
            if r["judged_sha256"] == row["answer_sha256"] and cell.as_persona in (None, r["reference_persona"])
        ]
        yield {
            **row,
            "file": cell.plain_path,
            "as_persona": cell.as_persona,
            "reference": _reference(corpus, cell, item) if item else None,
            "verdicts": verdicts(corpus, judgements.get(row["item_id"], ()), same),
        }


def _judgements(corpus: Corpus, name: str, cell: Cell, where: Where) -> dict[str, list[JudgedRow]]:
    by_item: dict[str, list[JudgedRow]] = {}
    for each in corpus.cells(name, "judgements"):
        if each.judged is cell:
            for row in rows_of(corpus, each, where):
                by_item.setdefault(row["item_id"], []).append((each, row))
    return by_item


def _reference(corpus: Corpus, cell: Cell, item: Item) -> tuple[str, str] | None:
    """Return what an answer is held against, and what that is called."""
    if is_pairwise(corpus.study.config.kind_of(cell.benchmark or "")):
        return "reference answer", read_of_item(corpus.study, cell, item) or ""
    scoring = {
        name: value for name, value in item.scoring.items() if isinstance(value, str | int | float) and value != ""
    }
    return ("scored by", ", ".join(f"{name}: {value}" for name, value in scoring.items())) if scoring else None
