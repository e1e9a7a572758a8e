"""The ratings of one answer, each with the words of its judge."""

import json
from collections.abc import Iterable
from typing import Any

from personas.config.kinds import judged_as
from personas.grid.cells import Cell
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.database import Row

JudgedRow = tuple[Cell, Row]
"""A judgement: its cell, and its row there."""


def verdicts(corpus: Corpus, judgements: Iterable[JudgedRow], ratings: Iterable[Row]) -> list[dict[str, Any]]:
    """Return what each judge, and the rules, gave one answer, by metric.

    A judgement that no table has yet stands without a value; so does one of another text than the table rated.
    """
    words: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for cell, row in judgements:
        words.setdefault(_key_of(corpus, cell), []).append(_reasoning(cell, row))
    by_key = {(row["metric"], row["judge"], row["reference_persona"], row["reference"]): row for row in ratings}
    keys = sorted({*words, *by_key}, key=lambda key: [str(part or "") for part in key])
    likert = {measure["metric"] for measure in corpus.measures.values() if measure["scale"] == "rating"}
    return [{**_verdict(key, by_key.get(key), words.get(key, [])), "is_likert": key[0] in likert} for key in keys]


def _key_of(corpus: Corpus, cell: Cell) -> tuple[Any, ...]:
    rubric = cell.metric or corpus.study.config.rubric(cell.benchmark or "")
    return judged_as(rubric), cell.judge, cell.as_persona, cell.reference


def _verdict(key: tuple[Any, ...], rating: Row | None, texts: list[dict[str, Any]]) -> dict[str, Any]:
    names = dict(zip(("metric", "judge", "as_persona", "reference"), key, strict=True))
    fields = rating or {"value": None, "status": "not rated yet", "cut": False, "label": None}
    return {**names, "said": texts, **{name: fields[name] for name in ("value", "status", "cut", "label")}}


def _reasoning(cell: Cell, row: Row) -> dict[str, Any]:
    """Return the reasoning that a judge gave; its whole text where that has no such part."""
    text = row["answer"] or ""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    reasoning = data.get("reasoning") if isinstance(data, dict) else None
    return {
        "text": reasoning if isinstance(reasoning, str) and reasoning else text,
        "status": row["status"],
        "detail": row["detail"],
        "file": cell.plain_path,
        "row": row["row"],
        "is_cut": row["answer_cut"],
    }
