"""All models side by side on one sheet."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from personas.grid.grid import Grid
from personas.pages.cards import GAP, READING, named, shown, verdict, with_interval
from personas.pages.html import document
from personas.pages.page import page
from personas.plan.declaration import Instance, Known

COMPARED_STYLE = """
@page { size: A4 landscape; margin: 9mm }
table.card { font-size: 12px } table.card td, table.card th { padding: 2px 8px }
tr.section td { font-weight: bold; background: #f3f3f3 } span.gap { color: #8a8a8a }
td.drop { background: #fdf0dc } small { color: #5c5c5c; display: block }
table.card td { white-space: nowrap } table.card td:first-child { white-space: normal; min-width: 14em }
p.note { font-size: 12px; max-width: none; margin: 0.3em 0 }
@media print { body { margin: 0 } h1 { font-size: 13pt; margin: 0 } p.note { font-size: 7pt }
  table.card { font-size: 6.6pt } table.card td, table.card th { padding: 0 4px } small { font-size: 5.6pt } }
"""


def compared_page(cards: pd.DataFrame, *, note: str | None) -> str:
    """Return the page that puts all models side by side: the last value, its change, and whether a drop lasts."""
    models = list(dict.fromkeys(cards["model"]))
    heads = "".join(f"<th>{html.escape(head)}</th>" for head in ("Measure", "Condition", *models))
    measured = cards[cards["title"].notna()]
    conditions = measured.dropna(subset=["condition"]).groupby("measure", sort=False)["condition"].unique()
    rows = list(_compared(measured, cards["section"], models, conditions))
    body = f'<table class="card"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    told = "Last value, in brackets its interval; below, the change since the first and whether a drop lasts. "
    reading = f'<p class="note">{html.escape(told + READING)}</p>'
    return document("Models side by side", [reading, f'<div class="wide">{body}</div>'], note, COMPARED_STYLE)


def _compared(
    measured: pd.DataFrame, sections: Iterable[str], models: Sequence[str], conditions: pd.Series
) -> Iterator[str]:
    known = {(row["model"], row["measure"], row["condition"]): row for row in measured.to_dict("records")}
    for section in dict.fromkeys(sections):
        part = measured[measured["section"] == section].drop_duplicates("measure")
        gap = "" if len(part) else GAP
        yield f'<tr class="section"><td colspan="{len(models) + 2}">{html.escape(section)}{gap}</td></tr>'
        for first in part.to_dict("records"):
            for condition in conditions.get(first["measure"], []):
                rows = [known.get((model, first["measure"], condition)) for model in models]
                name = f"<td>{html.escape(named(first))}</td><td>{html.escape(condition)}</td>"
                yield f"<tr>{name}{''.join(map(_cell, rows))}</tr>"


def _cell(row: Mapping[Any, Any] | None) -> str:
    if row is None or row["verdict"] == "not-measured":
        return "<td><span class=gap>not measured</span></td>"
    change = shown(row["change"], row["scale"], sign=True)
    told = verdict(row).replace("checkpoint ", "").replace("round ", "")  # the measure says which of the two
    counts = f"; {row['n_scored']:,} of {row['n_planned']:,} scored" if row["n_scored"] < row["n_planned"] else ""
    below = f"<small>{html.escape(f'{change}; {told}{counts}')}</small>"
    kind = " class=drop" if row["verdict"] == "drops" else ""
    return f"<td{kind}>{html.escape(with_interval(row, 'last'))}{below}</td>"


def _instances(grid: Grid, known: Known) -> Iterator[Instance]:
    yield Instance("models", {"cards": known.outputs("model_cards")})


MODELS_PAGE = page(
    "models_page",
    compared_page,
    _instances,
    module=__name__,
    caption="All models side by side: what held over the dialogue, what did not, and from where on.",
)
