"""Answers: single ratings of a measure with the text that was rated; what a point of a figure leads to."""

from personas.viewer.asked import Asked
from personas.viewer.corpus import Corpus
from personas.viewer.filters import ROWS, Where, choices, where
from personas.viewer.measured import headline, named, rated
from personas.viewer.rated import Rated, with_texts
from personas.viewer.view import View

_COLUMNS = """
id, model, persona, condition, "order", replicate, intervention, round, checkpoint, position, benchmark, metric,
item_id, reference_persona, judge, reference, status, value
"""
_SORTS = {"rating": "value", "position": "position"}


def answers(corpus: Corpus, asked: Asked) -> View:
    """Return the table of rated answers that an address asks for."""
    measures = {measure["measure"]: measure for measure in rated(corpus)}
    first = headline(corpus)
    chosen = measures.get(asked.choice("measure", measures, first["measure"] if first else None) or "")
    found, page, total, rows = _where(corpus, asked), asked.page(), 0, []
    sort = asked.choice("sort", _SORTS, "rating")
    down = "DESC" if asked.choice("way", ("up", "down"), "up") == "down" else "ASC"
    if chosen:
        ratings = Rated(corpus, chosen, found, asked.text("text"))
        total = ratings.count()
        order = f"{_SORTS[sort or 'rating']} {down} NULLS LAST, id, position, item_id, metric, reference_persona"
        rows = ratings.rows(_COLUMNS, f"ORDER BY {order} LIMIT {ROWS} OFFSET {(page - 1) * ROWS}")
    return View(
        "answers",
        "Answers",
        {
            "rows": with_texts(corpus, rows),
            "total": total,
            "page": page,
            "pages": -(-total // ROWS),
            "measures": list(measures.values()),
            "named": named,
            "chosen": chosen,
            "choices": choices(corpus.study),
            "asked": asked,
        },
    )


def _where(corpus: Corpus, asked: Asked) -> Where:
    found = where(asked, corpus.study)
    if (position := asked.whole("position")) is not None:
        found = found.plus("position = $position", position=position)
    if group := asked.choice("group", ("persona", "baseline")):
        found = found.plus("is_baseline = $is_baseline", is_baseline=group == "baseline")
    if (low := asked.number("low")) is not None:
        found = found.plus("value >= $low", low=low)
    if (high := asked.number("high")) is not None:
        found = found.plus("value <= $high", high=high)
    return found
