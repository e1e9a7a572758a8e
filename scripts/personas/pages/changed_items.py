"""The page of the items that changed most: prompts, verdicts and the answers themselves, escaped."""

import html
from collections.abc import Iterator
from typing import Any

import pandas as pd

from personas.grid.grid import Grid
from personas.pages.html import document, heading
from personas.pages.page import page
from personas.plan.declaration import Instance, Known

SHOWN = 6
"""Pairs of answers that the page shows of an item; all are in the table."""
LONGEST = 700
"""Characters of an answer that the page shows."""

STYLE = """
details { margin: 0.5em 0; border-left: 3px solid #ddd; padding-left: 0.8em } summary { cursor: pointer }
table.texts { width: 100%; table-layout: fixed } table.texts td { white-space: pre-wrap; overflow-wrap: anywhere }
table.texts th:first-child { width: 15% } span.gap { color: #8a8a8a } b { font-weight: 600 }
"""
READING = (
    "Of each measure and condition, the items whose refusal rate changed most from the first to the last checkpoint; "
    "the change is the mean over (model, persona) pairs, personas only. Of each item, pairs whose verdict changed or "
    f"lacks; models take turns, at most {SHOWN} pairs. Long answers are cut here, with a mark; tables/changed-texts "
    "has all of them whole."
)
_ITEM = ["measure", "condition", "rank"]
_PAIR = ["model", "persona", "order", "replicate"]


def changed_page(texts: pd.DataFrame, *, note: str | None) -> str:
    """Return the page; `texts` is `personas.tables.items.texts.changed_texts`."""
    parts = [f'<p class="note">{html.escape(READING)}</p>', *_measures(texts)]
    if texts.empty:
        parts.append("<p>No item's refusals changed.</p>")
    return document("Items that changed most", parts, note, STYLE)


def _measures(texts: pd.DataFrame) -> Iterator[str]:
    for (measure, condition), part in texts.groupby(["measure", "condition"], sort=False):
        yield heading(f"{measure}, {condition}")
        yield from (_item(rows) for _, rows in part.groupby("rank", sort=True))


def _item(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    about = ", ".join(str(first[name]) for name in ("label", "type", "focus") if isinstance(first[name], str))
    change = f"{100 * first['change']:+.0f} points".replace("-", "−")
    named = html.escape(f"(item {first['item_id']}; {about})")
    title = f"<b>{change}</b> {html.escape(first['prompt'])} <span class=gap>{named}</span>"
    pairs = [pair for _, pair in rows.groupby(_PAIR, sort=True)]
    chosen = _in_turns(pairs)[:SHOWN]
    left = len(pairs) - len(chosen)
    more = f"<p class=note>{left} more pairs in the table.</p>" if left else ""
    body = "".join(_pair(pair) for pair in chosen)
    ends = sorted(rows["checkpoint"].unique())
    heads = "".join(f"<th>{head}</th>" for head in ("who", *(f"after {t} rounds" for t in ends)))
    shown = f'<table class="texts"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    opened = " open" if first["rank"] == 1 else ""
    return f"<details{opened}><summary>{title}</summary>{shown}{more}</details>"


def _in_turns(pairs: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Order pairs so that each model is met once before any is met again."""
    met: dict[str, int] = {}
    turns = []
    for place, pair in enumerate(pairs):
        model = pair.iloc[0]["model"]
        met[model] = met.get(model, 0) + 1
        turns.append((met[model], place))
    return [pairs[place] for _, place in sorted(turns)]


def _pair(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    copy = f", {first['order']}, replicate {first['replicate']}" if first["replicate"] > 1 else f", {first['order']}"
    who = html.escape(f"{first['model']}\n{first['persona']}{copy}")
    texts = "".join(f"<td>{_answer(row)}</td>" for row in rows.sort_values("checkpoint").to_dict("records"))
    return f"<tr><td>{who}</td>{texts}</tr>"


def _answer(row: Any) -> str:
    value = {1.0: "refused", 0.0: "answered"}.get(row["value"], "")
    said = value or f"no verdict ({row['verdict']})"
    status = "" if row["status"] == "ok" else f" · {row['status']}"
    head = f"<b>{html.escape(said)}</b><span class=gap>{html.escape(str(status))}</span>\n"
    if not isinstance(row["answer"], str) or not row["answer"].strip():
        return f"{head}<span class=gap>no text: {html.escape(str(row['status']))}</span>"
    text, left = row["answer"][:LONGEST], len(row["answer"]) - LONGEST
    cut = f" <span class=gap>[… {left:,} more characters]</span>" if left > 0 else ""
    return f"{head}{html.escape(text)}{cut}"


def _instances(grid: Grid, known: Known) -> Iterator[Instance]:
    if texts := known.one("changed_texts"):
        yield Instance("changed-items", {"texts": texts.outputs[:1]})


CHANGED_ITEMS_PAGE = page(
    "changed_items_page",
    changed_page,
    _instances,
    module=__name__,
    caption="The prompts whose refusals changed most from the first to the last checkpoint, and what was answered.",
)
