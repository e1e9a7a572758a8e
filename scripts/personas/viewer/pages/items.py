"""Items: which changed most from the first to the last checkpoint, and one item over all checkpoints and models."""

from typing import Any

from personas.benchmarks.base import Item
from personas.stats.measures import CHECKPOINT, Measure
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.database import Row
from personas.viewer.data.filters import ROWS, choices, comparable, where
from personas.viewer.data.measures import measure_name, rated_measures
from personas.viewer.data.ratings import Ratings, with_texts
from personas.viewer.parameters import Missing, Parameters
from personas.viewer.view import View

_BY_ITEM = """
benchmark, item_id, {whose} AS whose,
avg(value) FILTER (checkpoint = $first) AS first, avg(value) FILTER (checkpoint = $last) AS last,
last - first AS change, count(*) OVER () AS total
"""
_OF_ITEM = """
id, model, persona, condition, "order", replicate, intervention, round, checkpoint, benchmark, item_id,
reference_persona, status, value
"""
_SORTS = {"change": "abs(change)", "first": "first", "last": "last", "up": "change"}


def items(corpus: Corpus, params: Parameters) -> View:
    """Return the table of items, sorted by how much they changed."""
    measures, chosen = _measures(corpus, params)
    page, ends = params.page(), corpus.study.config.checkpoints
    sort = params.choice("sort", _SORTS, "change") or "change"
    down = params.choice("way", ("up", "down"), "down") == "down"
    rows: list[Row] = []
    if chosen:
        condition = where(comparable(params, corpus.study), corpus.study).plus(
            "checkpoint IN ($first, $last)", first=ends[0], last=ends[-1]
        )
        bound = chosen["benchmark"] in corpus.study.items and corpus.study.persona_bound(chosen["benchmark"])
        end = f"""
            GROUP BY ALL ORDER BY {_SORTS[sort]} {"DESC" if down else "ASC"} NULLS LAST, benchmark, item_id, whose
            LIMIT {ROWS} OFFSET {(page - 1) * ROWS}
        """
        rows = Ratings(corpus, chosen, condition).rows(_BY_ITEM.format(whose="stands_for" if bound else "NULL"), end)
    total = rows[0]["total"] if rows else 0
    return View(
        "items",
        "Items",
        {
            "rows": [{**row, "prompt": _prompt(corpus, row)} for row in rows],
            "total": total,
            "page": page,
            "pages": -(-total // ROWS),
            "ends": (ends[0], ends[-1]),
            "measures": measures,
            "named": measure_name,
            "chosen": chosen,
            "choices": choices(corpus.study),
            "params": params,
        },
    )


def item(corpus: Corpus, params: Parameters) -> View:
    """Return one item: its value at every checkpoint in every dialogue, what changed most first."""
    measures, chosen = _measures(corpus, params)
    benchmark, name, whose = params.text("benchmark"), params.text("item"), params.text("whose")
    condition = where(params, corpus.study).plus("benchmark = $of AND item_id = $item", of=benchmark, item=name)
    if whose:
        condition = condition.plus("stands_for = $whose", whose=whose)
    ratings = (
        Ratings(corpus, chosen, condition).rows(_OF_ITEM, "ORDER BY id, reference_persona, checkpoint")
        if chosen
        else []
    )
    if not ratings:
        raise Missing(f"item {name!r} of {benchmark!r}: found no rating of it, expected an item of the table.")
    tracks, page = _tracks(ratings), params.page()
    return View(
        "item",
        f"Item {name}",
        {
            "item": name,
            "benchmark": benchmark,
            "whose": whose,
            "prompt": _prompt(corpus, {"benchmark": benchmark, "item_id": name, "whose": whose}),
            "checkpoints": corpus.study.config.checkpoints,
            "rows": _with_ends(corpus, tracks[(page - 1) * ROWS : page * ROWS]),
            "total": len(tracks),
            "page": page,
            "pages": -(-len(tracks) // ROWS),
            "measures": [measure for measure in measures if measure["benchmark"] in (None, benchmark)],
            "named": measure_name,
            "chosen": chosen,
            "choices": choices(corpus.study),
            "params": params,
        },
    )


def _measures(corpus: Corpus, params: Parameters) -> tuple[list[Measure], Measure | None]:
    """Return the measures of items, and the one that is asked for: by itself the first that is a share or judged."""
    measures = {measure["measure"]: measure for measure in rated_measures(corpus) if measure["axis"] == CHECKPOINT}
    main = [name for name, measure in measures.items() if measure["main"]]
    chosen = params.choice("measure", measures, next(iter([*main, *measures]), None))
    return list(measures.values()), measures.get(chosen or "")


def _tracks(ratings: list[Row]) -> list[dict[str, Any]]:
    """Return the ratings of each dialogue together; what changed most first, what lacks an end last."""
    tracks: dict[tuple[str, str | None], dict[str, Any]] = {}
    for row in ratings:
        track = tracks.setdefault((row["id"], row["reference_persona"]), {"at": {}, **row})
        track["at"][row["checkpoint"]] = row
    for track in tracks.values():
        ends = [track["at"][place]["value"] for place in (min(track["at"]), max(track["at"]))]
        track["change"] = None if None in ends or len(track["at"]) < 2 else ends[1] - ends[0]
    return sorted(
        tracks.values(), key=lambda track: -1.0 if track["change"] is None else abs(track["change"]), reverse=True
    )


def _with_ends(corpus: Corpus, tracks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return dialogues with what was answered at their first and last checkpoint."""
    ends = [track["at"][place] for track in tracks for place in (min(track["at"]), max(track["at"]))]
    texts = with_texts(corpus, ends)
    return [{**track, "ends": texts[2 * n : 2 * n + 2]} for n, track in enumerate(tracks)]


def _prompt(corpus: Corpus, row: Row) -> str:
    """Return what was asked."""
    role = corpus.study.personas[row["whose"]].role if row["whose"] in corpus.study.personas else None
    candidates: list[Item] = [
        each for each in corpus.study.items.get(row["benchmark"], ()) if each.id == row["item_id"]
    ]
    return next((each.prompt for each in candidates if each.role in (None, role)), "")
