"""Dialogues: a table of them, with filters, sorted by any measure."""

from typing import Any

from personas.viewer.data.corpus import Corpus
from personas.viewer.data.database import Row, files
from personas.viewer.data.filters import ROWS, Where, choices, where
from personas.viewer.data.measures import headline, measure_name, present
from personas.viewer.parameters import Parameters
from personas.viewer.view import View

_COLUMNS = 5
"""Measures that stand side by side; any other can be chosen."""

_TABLE = """
SELECT d.id, d.model, d.persona, d.condition, d."order", d.replicate, d.intervention, count(*) OVER () AS total,
       r.rounds, r.not_ok, v.value
FROM dialogue d
LEFT JOIN (
    SELECT id, count(*) AS rounds, count(*) FILTER (status <> 'ok') AS not_ok FROM round GROUP BY id
) r ON r.id = d.id
LEFT JOIN value v ON v.id = d.id AND v.measure = $measure
WHERE {where}
ORDER BY {order}, d.id
LIMIT {rows} OFFSET {offset}
"""
_VALUES = "SELECT id, measure, value FROM value WHERE id = ANY($ids) AND measure = ANY($measures)"
_HOLDS = "contains(lower(\"user\"), lower($text)) OR contains(lower(coalesce(answer, '')), lower($text))"
_SORTS = ("rating", "model", "persona", "condition", "rounds", "status")


def dialogues(corpus: Corpus, params: Parameters) -> View:
    """Return the table of dialogues that an address asks for."""
    database, measures = corpus.query(), {measure["measure"]: measure for measure in present(corpus)}
    first = headline(corpus)
    chosen = measures.get(params.choice("measure", measures, first["measure"] if first else None) or "")
    condition = _where(corpus, params)
    order = _order(params, bool(chosen))
    page = params.page()
    query = _TABLE.format(where=condition.sql, order=order, rows=ROWS, offset=(page - 1) * ROWS)
    rows = database.rows(query, {**condition.parameters, "measure": chosen and chosen["measure"]})
    columns = _columns(list(measures.values()), chosen)
    return View(
        "dialogues",
        "Dialogues",
        {
            "rows": _with_values(corpus, rows, columns),
            "total": rows[0]["total"] if rows else 0,
            "page": page,
            "pages": -(-(rows[0]["total"] if rows else 0) // ROWS),
            "columns": columns,
            "measures": list(measures.values()),
            "named": measure_name,
            "chosen": chosen,
            "choices": choices(corpus.study),
            "statuses": [r["status"] for r in database.rows("SELECT DISTINCT status FROM round ORDER BY status")],
            "params": params,
        },
    )


def _where(corpus: Corpus, params: Parameters) -> Where:
    condition = where(params, corpus.study)
    if status := params.text("status"):
        condition = condition.plus("d.id IN (SELECT id FROM round WHERE status = $status)", status=status)
    if (low := params.number("low")) is not None:
        condition = condition.plus("v.value >= $low", low=low)
    if (high := params.number("high")) is not None:
        condition = condition.plus("v.value <= $high", high=high)
    if text := params.text("text"):
        condition = condition.plus("d.id = ANY($holding)", holding=holding(corpus, where(params, corpus.study), text))
    return condition


def holding(corpus: Corpus, condition: Where, text: str) -> list[str]:
    """Return the dialogues in which a text stands, in what was asked or answered; capitals do not matter."""
    query = f"SELECT file FROM place JOIN dialogue USING (id) WHERE {condition.sql}"
    paths = [row["file"] for row in corpus.database.rows(query, condition.parameters)]
    if not paths:
        return []
    search = f"""
        SELECT DISTINCT id FROM read_parquet($files, filename = 'file') JOIN place USING (file) WHERE {_HOLDS}
    """
    return [row["id"] for row in corpus.database.rows(search, {"files": files(paths), "text": text})]


def _order(params: Parameters, is_measured: bool) -> str:
    sort = params.choice("sort", _SORTS, "rating" if is_measured else "model")
    down = "DESC" if params.choice("way", ("up", "down"), "up") == "down" else "ASC"
    column = {"rating": "v.value", "rounds": "r.rounds", "status": "r.not_ok"}.get(sort or "", f"d.{sort}")
    return f"{column} {down} NULLS LAST"


def _columns(measures: list[Any], chosen: Any) -> list[Any]:
    """Return the measures that the table shows: the chosen one, then the main ones of the study."""
    main = [measure for measure in measures if measure["main"] or measure["axis"] == "round"]
    rest = [measure for measure in main if measure is not chosen][: _COLUMNS - 1]
    return ([chosen] if chosen else []) + rest


def _with_values(corpus: Corpus, rows: list[Row], columns: list[Any]) -> list[Row]:
    bindings = {"ids": [row["id"] for row in rows], "measures": [measure["measure"] for measure in columns]}
    values = {(row["id"], row["measure"]): row["value"] for row in corpus.database.rows(_VALUES, bindings)}
    return [{**row, "values": [values.get((row["id"], m)) for m in bindings["measures"]]} for row in rows]
