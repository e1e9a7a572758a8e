"""The page of the items that changed most: prompts, verdicts and the answers themselves, escaped."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from personas.grid.grid import Grid
from personas.pages.html import render
from personas.pages.page import page
from personas.plan.declaration import Context, Instance

SHOWN = 6
"""Pairs of answers that the page shows of an item; all are in the table."""
LONGEST = 700
"""Characters of an answer that the page shows."""

READING = (
    "Of each measure and condition, the items whose refusal rate changed most from the first to the last checkpoint; "
    "the change is the mean over (model, persona) pairs, personas only. Of each item, pairs whose verdict changed or "
    f"lacks; models take turns, at most {SHOWN} pairs. Long answers are cut here, with a mark; tables/changed-texts "
    "has all of them whole."
)
_PAIR = ["model", "persona", "order", "replicate"]


def changed_page(texts: pd.DataFrame, *, note: str | None) -> str:
    """Return the page; `texts` is `personas.tables.items.texts.changed_texts`."""
    measures = [
        {"name": f"{measure}, {condition}", "changed": [_item(rows) for _, rows in part.groupby("rank", sort=True)]}
        for (measure, condition), part in texts.groupby(["measure", "condition"], sort=False)
    ]
    return render("changed.html", "Items that changed most", note, measures=measures, reading=READING)


def _item(rows: pd.DataFrame) -> Mapping[str, Any]:
    first = rows.iloc[0]
    about = ", ".join(str(first[name]) for name in ("label", "type", "focus") if isinstance(first[name], str))
    pairs = [pair for _, pair in rows.groupby(_PAIR, sort=True)]
    chosen = _in_turns(pairs)[:SHOWN]
    return {
        "first": first["rank"] == 1,
        "change": f"{100 * first['change']:+.0f} points".replace("-", "−"),
        "prompt": first["prompt"],
        "about": f"(item {first['item_id']}; {about})",
        "heads": ["who", *(f"after {t} rounds" for t in sorted(rows["checkpoint"].unique()))],
        "pairs": [_pair(pair) for pair in chosen],
        "left": len(pairs) - len(chosen),
    }


def _in_turns(pairs: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Order pairs so that each model is met once before any is met again."""
    counts: dict[str, int] = {}
    turns = []
    for place, pair in enumerate(pairs):
        model = pair.iloc[0]["model"]
        counts[model] = counts.get(model, 0) + 1
        turns.append((counts[model], place))
    return [pairs[place] for _, place in sorted(turns)]


def _pair(rows: pd.DataFrame) -> Mapping[str, Any]:
    first = rows.iloc[0]
    copy = f", {first['order']}, replicate {first['replicate']}" if first["replicate"] > 1 else f", {first['order']}"
    answers = [_answer(row) for row in rows.sort_values("checkpoint").to_dict("records")]
    return {"who": f"{first['model']}\n{first['persona']}{copy}", "answers": answers}


def _answer(row: Any) -> Mapping[str, Any]:
    has_text = isinstance(row["answer"], str) and bool(row["answer"].strip())
    left = len(row["answer"]) - LONGEST if has_text else 0
    return {
        "said": {1.0: "refused", 0.0: "answered"}.get(row["value"]) or f"no verdict ({row['verdict']})",
        "status": "" if row["status"] == "ok" else f" · {row['status']}",
        "no_text": None if has_text else row["status"],
        "text": row["answer"][:LONGEST] if has_text else "",
        "left": f"{left:,}" if left > 0 else "",
    }


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if texts := context.one("changed_texts"):
        yield Instance("changed-items", {"texts": texts.outputs[:1]}, title="The items that changed most")


CHANGED_ITEMS_PAGE = page(
    "changed_items_page",
    changed_page,
    _instances,
    module=__name__,
    caption="The prompts whose refusals changed most from the first to the last checkpoint, and what was answered.",
)
