"""The ratings table: one row per answer and metric, typed, long."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from personas.benchmarks.base import Benchmark, Item, UnscorableItem
from personas.benchmarks.panel import RULES
from personas.engines.request import WITH_TEXT
from personas.prompts.thinking import strip_thinking

RATINGS_SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("persona", pa.string()),
        ("is_baseline", pa.bool_()),
        ("reference_persona", pa.string()),
        ("condition", pa.string()),
        ("order", pa.string()),
        ("replicate", pa.int32()),
        ("checkpoint", pa.int32()),
        ("round", pa.int32()),
        ("benchmark", pa.string()),
        ("metric", pa.string()),
        ("item_id", pa.string()),
        ("label", pa.string()),
        ("judge", pa.string()),
        ("reference", pa.string()),
        ("status", pa.string()),
        ("value", pa.float64()),
        ("judged_sha256", pa.string()),
        ("cut", pa.bool_()),
    ]
)

UNSCORABLE = "unscorable"
"""Status of a rating whose answer is fine but whose scorer lacks something; never counted as a failure."""


def rate_response(
    benchmark: Benchmark, item: Item, response: Mapping[str, Any], where: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the ratings of one response: its length in words, and every metric that needs no judge.

    `where` holds the columns that place the answer in the grid. An answer without text has a status and no value; one
    that is nothing but thinking is `empty`, as for a judge, and has no length either.
    """
    status, text = response["status"], response["answer"] or ""
    answer = strip_thinking(text)[0]
    if status in WITH_TEXT and text and not answer:
        status = "empty"
    row = {**where, "item_id": item.id, "label": item.scoring.get("label"), "judge": None, "reference": None}
    row["judged_sha256"] = response.get("answer_sha256")
    words = float(len(answer.split())) if status in WITH_TEXT and (answer or not text) else None
    yield {**row, "metric": "words", "status": status, "value": words}
    if not benchmark.metrics:
        return
    scores, status = _scores(benchmark, item, answer, status)
    for metric in benchmark.metrics:
        yield {**row, "metric": metric, "judge": RULES, "status": status, "value": scores.get(metric)}


def _scores(benchmark: Benchmark, item: Item, answer: str | None, status: str) -> tuple[dict[str, float], str]:
    if status == "empty" or status not in WITH_TEXT or not answer:
        return {}, status
    try:
        return benchmark.score(item, answer), status
    except UnscorableItem:
        return {}, UNSCORABLE


def ratings_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rating rows as a table with the fixed schema."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=RATINGS_SCHEMA)
