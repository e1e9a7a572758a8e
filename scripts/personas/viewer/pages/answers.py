"""Answers: single ratings of a measure with the text that was rated; what a point of a figure leads to."""

from personas.viewer.data.corpus import Corpus
from personas.viewer.data.filters import ROWS, Where, choices, where
from personas.viewer.data.measures import headline, measure_name, rated_measures
from personas.viewer.data.ratings import Ratings, with_texts
from personas.viewer.parameters import Parameters
from personas.viewer.view import View

_COLUMNS = """
id, model, persona, condition, "order", replicate, intervention, round, checkpoint, position, benchmark, metric,
item_id, reference_persona, judge, reference, status, value
"""
_SORTS = {"rating": "value", "position": "position"}


def answers(corpus: Corpus, params: Parameters) -> View:
    """Return the table of rated answers that an address asks for."""
    measures = {measure["measure"]: measure for measure in rated_measures(corpus)}
    first = headline(corpus)
    chosen = measures.get(params.choice("measure", measures, first["measure"] if first else None) or "")
    condition, page, total, rows = _where(corpus, params), params.page(), 0, []
    sort = params.choice("sort", _SORTS, "rating")
    down = "DESC" if params.choice("way", ("up", "down"), "up") == "down" else "ASC"
    if chosen:
        ratings = Ratings(corpus, chosen, condition, params.text("text"))
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
            "named": measure_name,
            "chosen": chosen,
            "choices": choices(corpus.study),
            "params": params,
        },
    )


def _where(corpus: Corpus, params: Parameters) -> Where:
    condition = where(params, corpus.study)
    if (position := params.whole("position")) is not None:
        condition = condition.plus("position = $position", position=position)
    if group := params.choice("group", ("persona", "baseline")):
        condition = condition.plus("is_baseline = $is_baseline", is_baseline=group == "baseline")
    if (low := params.number("low")) is not None:
        condition = condition.plus("value >= $low", low=low)
    if (high := params.number("high")) is not None:
        condition = condition.plus("value <= $high", high=high)
    return condition
