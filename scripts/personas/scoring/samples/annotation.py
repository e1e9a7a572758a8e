"""Write a sample of texts for people to rate, as CSV: what they read, and an empty column `label`."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from personas.benchmarks.base import Item
from personas.config.judges import METRICS
from personas.core.canonical import sha256, text_hash
from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.core.parquet import read_table
from personas.engines.request import WITH_TEXT
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.grid.judgements import judged_as, read_of_item
from personas.grid.question_sets import items_of, scoring_identity
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.prompts.thinking import strip_thinking
from personas.scoring.declaration import ScoringDeclaration
from personas.scoring.samples.sample import Text, draw, first_of_two, shuffle, third
from personas.scoring.units import unit_of

BEFORE = ("unit", "judged_sha256", "a_sha256", "metric", "role", "description", "trait", "user_turn")
TEXTS = ("answer", "answer_a", "answer_b")
TO_FILL = ("label", "annotator", "remark")
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")
"""How a text begins that a spreadsheet may take for a formula, full-width signs among them."""

Row = Mapping[str, Any]


def write_sample(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write the sample of an artefact; UserError where there is nothing to rate."""
    spec, output = artefact.spec, artefact.outputs[0]
    texts = [text for path in artefact.inputs for text in _texts(frozen, frozen.grid.by_path[path], spec)]
    sample = shuffle(draw(texts, spec["n"], spec["seed"]), spec["seed"])
    if not sample:
        raise UserError(f"{output}: found no answer with a text, expected some to rate for {spec['metric']}.")
    write_atomically(frozen.results / output, as_csv(sample))


def as_csv(sample: Sequence[Text]) -> bytes:
    """Return texts as a CSV. Spreadsheets run what looks like a formula, so an apostrophe stands in front of it."""
    present = {name for text in sample for name, value in text.fields.items() if value}
    columns = [name for name in (*BEFORE, *TEXTS) if name in present]
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, [*columns, *TO_FILL], restval="", extrasaction="ignore")
    writer.writeheader()
    for text in sample:
        writer.writerow(
            {name: f"'{value}" if _FORMULA.match(value) else value for name, value in text.fields.items()}
        )
    # With the mark that tells spreadsheets that this is UTF-8; the reader of labels takes it off again.
    return buffer.getvalue().encode("utf-8-sig")


def read_sample(path: Path) -> list[dict[str, str]]:
    """Return the texts of a sample as they were drawn, in its order: what `as_csv` wrote. Every column is there."""
    empty = dict.fromkeys((*BEFORE, *TEXTS), "")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [empty | {name: _plain(value or "") for name, value in row.items()} for row in csv.DictReader(file)]


def _plain(value: str) -> str:
    return value[1:] if value.startswith("'") and _FORMULA.match(value[1:]) else value


def _texts(frozen: FrozenPlan, cell: Cell, spec: Row) -> Iterator[Text]:
    """Yield every text of a cell that can be rated: for each persona where a baseline's utterances are meant."""
    study = frozen.study
    rows = read_table(frozen.results / cell.path).to_pylist()
    rows = [r for r in rows if r["status"] in WITH_TEXT and strip_thinking(r["answer"] or "")[0].strip()]
    if cell.benchmark is None:
        whose = judged_as(study, cell.track)
        yield from (_utterance(frozen, cell, spec, row, persona) for persona in whose for row in rows)
        return
    items = {item.id: item for item in items_of(study, cell)}
    yield from (_response(frozen, cell, spec, row, items[row["item_id"]]) for row in rows)


def _utterance(frozen: FrozenPlan, cell: Cell, spec: Row, row: Row, as_persona: str | None) -> Text:
    place = {**_place(cell), "reference_persona": as_persona, "round": row["round"]}
    rounds = frozen.study.config.conditions[cell.track.condition].rounds
    fields = {**_fields(frozen, spec, row, as_persona or cell.track.persona), "user_turn": row["user"]}
    return _text(cell, place, third(row["round"] - 1, rounds), fields, str(row["user"]))


def _response(frozen: FrozenPlan, cell: Cell, spec: Row, row: Row, item: Item) -> Text:
    study = frozen.study
    place = {**_place(cell), "checkpoint": row["checkpoint"], "item_id": item.id}
    fields = {**_fields(frozen, spec, row, cell.as_persona or cell.track.persona), "user_turn": row["prompt"]}
    item_text = read_of_item(study, cell, item)
    if spec["metric"] == "win":
        place["reference"] = "dataset"
        fields |= _side_by_side(fields, item_text or "", first_of_two(spec["seed"], unit_of(place)))
    elif spec["metric"] == "trait":
        fields["trait"] = item_text or ""
    number = study.config.checkpoints.index(row["checkpoint"])
    return _text(cell, place, third(number, len(study.config.checkpoints)), fields, item.id)


def _side_by_side(fields: Mapping[str, str], reference: str, first: bool) -> dict[str, str]:
    """Put an answer and its reference side by side, so that nothing says which is which."""
    texts = (fields["answer"], reference) if first else (reference, fields["answer"])
    hashes = (fields["judged_sha256"], text_hash(reference) or "")
    return {"answer": "", "answer_a": texts[0], "answer_b": texts[1], "a_sha256": hashes[0 if first else 1]}


def _place(cell: Cell) -> dict[str, Any]:
    track = cell.track
    return {
        "model": track.model,
        "persona": track.persona,
        "reference_persona": cell.as_persona,
        "condition": track.condition,
        "order": track.order,
        "replicate": track.replicate,
        "benchmark": cell.benchmark,
    }


def _fields(frozen: FrozenPlan, spec: Row, row: Row, slug: str) -> dict[str, str]:
    persona = frozen.study.personas.get(slug)
    return {
        "judged_sha256": row["answer_sha256"],
        "metric": spec["metric"],
        "role": persona.role if persona else "",
        "description": persona.description if persona else "",
        "answer": strip_thinking(row["answer"])[0],
    }


def _text(cell: Cell, place: Row, part: int, fields: dict[str, str], turn: str) -> Text:
    unit = unit_of(place)
    as_persona = str(place["reference_persona"] or "")
    same = (cell.track.model, cell.track.persona, as_persona, turn, fields["judged_sha256"])
    stratum = (cell.track.model, cell.track.persona, as_persona, cell.track.condition, str(part))
    return Text(unit, same, stratum, {"unit": unit, **fields})


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    study, section = grid.study, grid.study.config.calibration
    for slug, sample in section.samples.items() if section else ():
        identity = {
            "personas": {persona: sha256(study.persona_identity(persona)) for persona in study.personas},
            "scoring": scoring_identity(study, sample.benchmark) if sample.benchmark else None,
        }
        cells = [cell.path for cell in sampled_cells(grid, sample.metric, sample.benchmark)]
        yield Instance(slug, {"cells": cells}, sample.identity(), identity=identity, reads_texts=True)


def sampled_cells(grid: Grid, metric: str, benchmark: str | None) -> list[Cell]:
    """Return the cells whose texts can be rated for a metric: dialogues, or responses to a benchmark."""
    stage = "dialogues" if metric in METRICS else "responses"
    return [cell for cell in grid.plain_cells if cell.stage == stage and cell.benchmark == benchmark]


ANNOTATION = ScoringDeclaration(
    family="annotation",
    instances=_instances,
    module=__name__,
    stage="analysis",
    write=write_sample,
    paths=("annotation/{}.csv",),
)
