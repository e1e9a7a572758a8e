"""Cells as released files: dialogues and responses as JSON, judges' texts as CSV."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personas.core.parquet import read_table
from personas.grid.cells import Cell
from personas.grid.release.layout import baseline_layout, layout
from personas.grid.study import Study
from personas.prompts.judge.order import reference_first
from personas.requests.projection import read_description

_NOT_IMPORTED = "not_imported"


def dialogue_text(path: Path) -> bytes | None:
    """Return a dialogue as an array of messages; None where the release had none to import.

    An answer without a text, whatever its status, is null.
    """
    rows = read_table(path, columns=["user", "answer", "status"]).to_pylist()
    if any(row["status"] == _NOT_IMPORTED for row in rows):
        return None
    messages = [
        {"role": role, "content": row[column]}
        for row in rows
        for role, column in (("user", "user"), ("assistant", "answer"))
    ]
    return json.dumps(messages).encode()


def response_texts(study: Study, together: Sequence[Cell], results: Path) -> dict[int, bytes | None]:
    """Return the array of responses at each checkpoint, in the order of the release.

    `together` are the cells of one file: one, or for the baseline one for each persona. None as above.
    """
    first, by_checkpoint = together[0], dict[int, dict[str, Mapping[str, Any]]]()
    for cell in together:
        for row in read_table(results / cell.path, columns=["checkpoint", "item_id", "answer", "status"]).to_pylist():
            by_checkpoint.setdefault(row["checkpoint"], {}).setdefault(row["item_id"], row)
    ids = _order_of(study, first, results) or layout(study, first.benchmark or "", first.track.persona)
    return {t: _responses(ids, rows) for t, rows in by_checkpoint.items()}


def _order_of(study: Study, cell: Cell, results: Path) -> list[str] | None:
    """Return the order of the very file that a cell was imported from, where it had to be matched."""
    if not cell.is_imported or cell.as_persona is None:
        return None
    order = read_description(results / cell.path)["origin"].get("order")  # not in files of earlier versions
    return baseline_layout(study, cell.benchmark or "", order) if order else None


def _responses(ids: Sequence[str], rows: Mapping[str, Mapping[str, Any]]) -> bytes | None:
    if any(row["status"] == _NOT_IMPORTED for row in rows.values()):
        return None
    return json.dumps([rows[item]["answer"] for item in ids if item in rows]).encode()


def verdict_texts(study: Study, cell: Cell, results: Path) -> dict[str, list[str] | None]:
    """Return what the judge wrote, by key of the released file and in its order; "" where it wrote nothing.

    None where the release had nothing to import, or the answers were compared in another order than the study's.
    """
    columns = ["round", "checkpoint", "item_id", "answer", "status", "reference_is_a"]
    rows = read_table(results / cell.path, columns=columns).to_pylist()
    if cell.metric:
        return {"dialogue": _texts(sorted(rows, key=lambda row: row["round"]))}
    ids = layout(study, cell.benchmark or "", cell.as_persona or cell.track.persona)
    place_of = {item: place for place, item in enumerate(ids)}
    by_key: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        first = row["reference_is_a"]
        of_key = by_key.setdefault(str(row["checkpoint"]), [])
        if first is None or first == reference_first(place_of[row["item_id"]]):
            of_key.append(row)
    item_ids = {row["item_id"] for row in rows}
    return {key: _in_order(of_key, place_of, item_ids) for key, of_key in by_key.items()}


def _in_order(rows: Sequence[Mapping[str, Any]], place_of: Mapping[str, int], item_ids: set[str]) -> list[str] | None:
    if {row["item_id"] for row in rows} != item_ids:
        return None
    return _texts(sorted(rows, key=lambda row: place_of[row["item_id"]]))


def _texts(rows: Sequence[Mapping[str, Any]]) -> list[str] | None:
    # A text on an answer that was not imported stands there; where the judge's own file is missing, no text does.
    if any(row["status"] == _NOT_IMPORTED and row["answer"] is None for row in rows):
        return None
    return [row["answer"] or "" for row in rows]


def csv_bytes(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return a CSV file as the study's scripts write them."""
    buffer = io.StringIO(newline="")
    pd.DataFrame(columns).to_csv(buffer, index=False)
    return buffer.getvalue().encode()
