"""The cards of models as pages: one model on a sheet of paper, and all models side by side."""

import base64
import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scripts.report.pages import heading, page, table

CARD_STYLE = """
@page { size: A4; margin: 8mm } h1 { margin: 0 0 0.1em } h2 { font-size: 13px; margin: 0.7em 0 0.2em } table.card {
font-size: 11px; width: 100% } table.card th, table.card td { padding: 1px 6px; line-height: 1.25 } tr.section td {
font-weight: bold; background: #f3f3f3; border-bottom: 1px solid #bbb } td.gap, span.gap { color: #8a8a8a } td.drop
{ font-weight: bold } p.facts { margin: 0 0 0.4em; color: #5c5c5c } img { width: 100%; max-width: 1000px;
margin-top: 0.3em } p.note { margin: 0.2em 0; font-size: 11px } @media print { body { margin: 0 } table.card {
font-size: 7.4pt } img { max-height: 128mm; width: auto; max-width: 100% }
  table.counts { font-size: 7pt } table.counts th, table.counts td { padding: 0 5px } }
"""
COMPARED_STYLE = """
@page { size: A4 landscape; margin: 9mm }
table.card { font-size: 12px } table.card td, table.card th { padding: 2px 8px }
tr.section td { font-weight: bold; background: #f3f3f3 } span.gap { color: #8a8a8a }
td.drop { background: #fdf0dc } small { color: #5c5c5c; display: block }
@media print { body { margin: 0 } table.card { font-size: 7pt } table.card td, table.card th { padding: 1px 4px } }
"""
READING = (
    "First, last, change: means over the model's personas, in brackets 95 % percentile bootstrap intervals over "
    "them. Rounds are averaged since the checkpoint before. A drop lasts where q < 0.05 (sign flips over personas, "
    "Benjamini and Hochberg over positions) there and at every later position. n: personas with both ends; 'x of y "
    "scored': ratings with a value at the two ends."
)
_HEADS = ("Measure", "Condition", "First", "Last", "Change", "Lasting drop", "Baseline", "n, ratings")
_DECIMALS = {"share": 1, "rating": 2, "amount": 3}


def card_page(
    model: str, facts: Sequence[str], cards: pd.DataFrame, coverage: pd.DataFrame, figure: Path, note: str | None
) -> str:
    """Return the page of one model: `facts` about it, its rows of `cards`, its figure (PNG), what was planned."""
    picture = base64.b64encode(figure.read_bytes()).decode()
    parts = [
        f'<p class="facts">{html.escape(" · ".join(facts))}</p>',
        _table(cards[cards["model"] == model]),
        f'<p class="note">{html.escape(READING)}</p>',
        f'<img alt="{html.escape(model)} over the dialogue" src="data:image/png;base64,{picture}">',
        heading("Ratings"),
        table(_counted(coverage[coverage["model"] == model])).replace("<table>", '<table class="counts">'),
    ]
    return page(model, parts, note, CARD_STYLE)


def _table(cards: pd.DataFrame) -> str:
    heads = "".join(f"<th>{head}</th>" for head in _HEADS)
    rows = []
    for section, part in cards.groupby("section", sort=False):
        empty = part["title"].isna().all()
        told = f"{html.escape(str(section))}{' · <span class=gap>not measured</span>' if empty else ''}"
        rows.append(f'<tr class="section"><td colspan="{len(_HEADS)}">{told}</td></tr>')
        rows += [] if empty else [_row(row) for row in part.to_dict("records")]
    return f'<table class="card"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _row(row: Mapping[Any, Any]) -> str:
    texts = [_measure(row), _text(row["condition"])]
    if row["verdict"] == "not-measured":
        gap = f'<td class="gap" colspan="{len(_HEADS) - 2}">not measured</td>'
        return f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in texts)}{gap}</tr>"
    numbers = [with_interval(row, name) for name in ("first", "last", "change")]
    baseline = f"{shown(row['baseline_first'], row['scale'])} → {shown(row['baseline_last'], row['scale'])}"
    counts = f"{row['n_personas']}; {row['n_scored']:,} of {row['n_planned']:,} scored"
    drop = f'<td class="{"drop" if row["verdict"] == "drops" else ""}">{html.escape(verdict(row))}</td>'
    cells = "".join(f'<td class="number">{html.escape(text)}</td>' for text in numbers)
    ends = "".join(f'<td class="number">{html.escape(text)}</td>' for text in (baseline, counts))
    return f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in texts)}{cells}{drop}{ends}</tr>"


def _measure(row: Mapping[Any, Any]) -> str:
    judge = _text(row["judge"])
    return f"{row['title']} ({judge})" if judge and judge != "rules" else str(row["title"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def shown(value: float, scale: str, sign: bool = False) -> str:
    """Return a value in the words of its scale: a share in percent; `n/a` for a gap."""
    if not np.isfinite(value):
        return "n/a"
    text = f"{100 * value if scale == 'share' else value:{'+' if sign else ''}.{_DECIMALS[scale]}f}"
    return (f"{text} %" if scale == "share" else text).replace("-", "−")


def with_interval(row: Mapping[Any, Any], name: str) -> str:
    """Return a value with its interval, where it has one."""
    scale, sign = row["scale"], name == "change"
    bounds = [row[f"{name}_low"], row[f"{name}_high"]]
    value = shown(row[name], scale, sign)
    if not np.isfinite(bounds).all():
        return value
    low, high = (shown(bound, scale, sign).removesuffix(" %") for bound in bounds)
    return f"{value} [{low}, {high}]"


def verdict(row: Mapping[Any, Any]) -> str:
    """Return in words whether and from where on a drop lasts."""
    where = f"{'round' if row['axis'] == 'round' else 'checkpoint'} {row['since']:.0f}"
    return {
        "drops": f"{row['direction']} from {where} on",
        "no-lasting-drop": f"no lasting {'rise' if row['direction'] == 'rises' else 'fall'}",
        "too-few": f"too few personas to tell (n = {row['n_personas']})",
        "one-position": "one position only",
        "not-measured": "not measured",
    }[row["verdict"]]


def _counted(coverage: pd.DataFrame) -> pd.DataFrame:
    """Return what became of the ratings of a model, by benchmark and who rates; conditions and personas summed."""
    named = coverage.assign(judge=coverage["judge"].fillna("answers"))
    counts = ["planned", "scored", "failed", "unparsed"]
    summed = named.groupby(["benchmark", "judge"], sort=True)[counts].sum().reset_index()
    return summed.astype(dict.fromkeys(counts, "int64")).astype("object")


def compared_page(cards: pd.DataFrame, note: str | None) -> str:
    """Return the page that puts all models side by side: the last value, its change, and whether a drop lasts."""
    models = list(dict.fromkeys(cards["model"]))
    heads = "".join(f"<th>{html.escape(head)}</th>" for head in ("Measure", "Condition", *models))
    measured = cards[cards["title"].notna()]
    conditions = measured.dropna(subset=["condition"]).groupby("measure", sort=False)["condition"].unique()
    rows = list(_compared(measured, cards["section"], models, conditions))
    body = f'<table class="card"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    told = "Last value, in brackets its interval; below, the change since the first and whether a drop lasts. "
    reading = f'<p class="note">{html.escape(told + READING)}</p>'
    return page("Models side by side", [reading, f'<div class="wide">{body}</div>'], note, COMPARED_STYLE)


def _compared(
    measured: pd.DataFrame, sections: Iterable[str], models: Sequence[str], conditions: pd.Series
) -> Iterator[str]:
    known = {(row["model"], row["measure"], row["condition"]): row for row in measured.to_dict("records")}
    for section in dict.fromkeys(sections):
        part = measured[measured["section"] == section].drop_duplicates("measure")
        gap = "" if len(part) else " · <span class=gap>not measured</span>"
        yield f'<tr class="section"><td colspan="{len(models) + 2}">{html.escape(section)}{gap}</td></tr>'
        for first in part.to_dict("records"):
            for condition in conditions.get(first["measure"], []):
                rows = [known.get((model, first["measure"], condition)) for model in models]
                name = f"<td>{html.escape(_measure(first))}</td><td>{html.escape(condition)}</td>"
                yield f"<tr>{name}{''.join(map(_cell, rows))}</tr>"


def _cell(row: Mapping[Any, Any] | None) -> str:
    if row is None or row["verdict"] == "not-measured":
        return "<td><span class=gap>not measured</span></td>"
    change = shown(row["change"], row["scale"], sign=True)
    below = f"<small>{html.escape(change)}; {html.escape(verdict(row))}</small>"
    kind = " class=drop" if row["verdict"] == "drops" else ""
    return f"<td{kind}>{html.escape(with_interval(row, 'last'))}{below}</td>"
