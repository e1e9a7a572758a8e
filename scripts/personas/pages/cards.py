"""The cards of models as pages: one model on a sheet of paper, and all models side by side."""

import base64
import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.pages.html import document
from personas.pages.page import page
from personas.plan.declaration import Instance, Known

CARD_STYLE = """
@page { size: A4; margin: 8mm }
h1 { margin: 0 0 0.1em } p.facts { margin: 0 0 0.4em; color: #5c5c5c }
table.card { font-size: 11px; width: 100% }
table.card th, table.card td { padding: 1px 6px; line-height: 1.25 }
table.card td { white-space: nowrap }
table.card td.name { white-space: normal; min-width: 17em; vertical-align: middle }
tr.section td { font-weight: bold; background: #f3f3f3; border-bottom: 1px solid #bbb }
td.gap, span.gap { color: #757575 } td.drop { font-weight: bold }
img { width: 100%; max-width: 1000px; margin-top: 0.3em }
p.note { margin: 0.2em 0; font-size: 11px; max-width: none }
@media print {
  body { margin: 0; font-size: 8pt } h1 { font-size: 13pt } p.note { font-size: 7pt }
  table.card { font-size: 7pt } table.card td, table.card th { padding: 0 4px }
  img { max-height: 145mm; width: auto; max-width: 100% }
}
"""
READING = (
    "First, last, change: means over the model's personas, in brackets 95 % percentile bootstrap intervals over "
    "them. Rounds are averaged since the checkpoint before. A drop lasts where q < 0.05 (sign flips over personas, "
    "Benjamini and Hochberg over positions) there and at every later position. n: personas with both ends; scored: "
    "ratings with a value at the two ends, of those planned. pp: percentage points."
)
_HEADS = ("Measure", "Condition", "First", "Last", "Change", "Lasting drop", "Baseline", "n; scored")
GAP = " · <span class=gap>not measured</span>"
_DECIMALS = {"share": 1, "rating": 2, "amount": 3}


def card_page(
    *, model: str, facts: Sequence[str], cards: pd.DataFrame, coverage: pd.DataFrame, figure: Path, note: str | None
) -> str:
    """Return the page of one model: `facts` about it, its rows of `cards`, its figure (PNG), what was planned."""
    picture = base64.b64encode(figure.read_bytes()).decode()
    parts = [
        f'<p class="facts">{html.escape(" · ".join(facts))}</p>',
        _table(cards[cards["model"] == model]),
        f'<p class="note">{html.escape(READING)}</p>',
        f'<img alt="{html.escape(model)} over the dialogue" src="data:image/png;base64,{picture}">',
        f'<p class="note">{html.escape(_counted(coverage[coverage["model"] == model]))}</p>',
    ]
    return document(model, parts, note, CARD_STYLE)


def _table(cards: pd.DataFrame) -> str:
    heads = "".join(f"<th>{head}</th>" for head in _HEADS)
    rows = []
    for section, part in cards.groupby("section", sort=False):
        empty = part["title"].isna().all()
        told = html.escape(str(section)) + (GAP if empty else "")
        rows.append(f'<tr class="section"><td colspan="{len(_HEADS)}">{told}</td></tr>')
        rows += [] if empty else [line for _, same in part.groupby("measure", sort=False) for line in _rows(same)]
    return f'<table class="card"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _rows(measure: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of one measure; its name stands once before them."""
    for place, row in enumerate(measure.to_dict("records")):
        name = f'<td class="name" rowspan="{len(measure)}">{html.escape(named(row))}</td>' if place == 0 else ""
        yield f"<tr>{name}<td>{html.escape(_text(row['condition']))}</td>{_numbers(row)}</tr>"


def _numbers(row: Mapping[Any, Any]) -> str:
    if row["verdict"] == "not-measured":
        return f'<td class="gap" colspan="{len(_HEADS) - 2}">not measured</td>'
    baseline = f"{shown(row['baseline_first'], row['scale'])} → {shown(row['baseline_last'], row['scale'])}"
    counts = f"{row['n_personas']}; {row['n_scored']:,} of {row['n_planned']:,}"
    kind = "drop" if row["verdict"] == "drops" else "gap"
    before = [with_interval(row, name) for name in ("first", "last", "change")]
    drop = f'<td class="{kind}">{html.escape(verdict(row))}</td>'
    return f"{_right(before)}{drop}{_right([baseline, counts])}"


def _right(texts: Iterable[str]) -> str:
    return "".join(f'<td class="number">{html.escape(text)}</td>' for text in texts)


def named(row: Mapping[Any, Any]) -> str:
    """Return the title of a row's measure, with the judge where a model judged."""
    judge = _text(row["judge"])
    return f"{row['title']} ({judge})" if judge and judge != "rules" else str(row["title"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def shown(value: float, scale: str, sign: bool = False) -> str:
    """Return a value in the words of its scale: a share in percent; `n/a` for a gap.

    A change has a `sign`, and that of a share is in percentage points.
    """
    if not np.isfinite(value):
        return "n/a"
    rounded = round(100 * value if scale == "share" else value, _DECIMALS[scale]) + 0.0  # no minus before a zero
    text = f"{rounded:{'+' if sign else ''}.{_DECIMALS[scale]}f}".replace("-", "−")
    return f"{text} {'pp' if sign else '%'}" if scale == "share" else text


def with_interval(row: Mapping[Any, Any], name: str) -> str:
    """Return a value with its interval, where it has one."""
    scale, sign = row["scale"], name == "change"
    bounds = [row[f"{name}_low"], row[f"{name}_high"]]
    value = shown(row[name], scale, sign)
    if not np.isfinite(bounds).all():
        return value
    low, high = (shown(bound, scale, sign).partition(" ")[0] for bound in bounds)
    return f"{value} [{low}, {high}]"


def verdict(row: Mapping[Any, Any]) -> str:
    """Return in words whether and from where on a drop lasts."""
    where = f"{'round' if row['axis'] == 'round' else 'checkpoint'} {row['since']:.0f}"
    return {
        "drops": f"{row['direction']} from {where} on",
        "no-lasting-drop": f"no lasting {'rise' if row['direction'] == 'rises' else 'fall'}",
        "too-few": f"too few personas to tell (n = {row['n_personas']})",
        "one-position": "one position only",
        "no-value": "no value at one end",
        "not-measured": "not measured",
    }[row["verdict"]]


def _counted(coverage: pd.DataFrame) -> str:
    """Tell what became of the ratings of a model, by benchmark and who rates; conditions and personas summed."""
    rated = coverage[coverage["judge"].notna()]
    counts = ["planned", "scored", "failed", "unparsed"]
    summed = rated.groupby(["benchmark", "judge"], sort=True)[counts].sum().reset_index().to_dict("records")
    parts = [
        f"{row['benchmark']} by {row['judge']} {row['scored']:,} of {row['planned']:,} "
        f"({row['failed']:,}, {row['unparsed']:,})"
        for row in summed
    ]
    return f"All ratings, scored of planned (failed, unparsed): {'; '.join(parts) or 'none'}."


def _instances(grid: Grid, known: Known) -> Iterator[Instance]:
    for drawn in known.family("model_card"):
        model = drawn.spec["model"]
        files = {
            "cards": known.outputs("model_cards"),
            "coverage": known.outputs("coverage"),
            "figure": drawn.outputs[1:],
        }
        yield Instance(f"card-{model}", files, {"model": model, "facts": _facts(grid, model)})


def _facts(grid: Grid, slug: str) -> list[str]:
    """What a card says of its model and of the grid, in words."""
    config = grid.study.config
    model = config.models[slug]
    return [
        f"{model.id} at {model.revision}",
        f"{model.engine}, temperature {model.sampling.temperature:g}",
        f"{len(grid.study.personas)} personas",
        *(f"{condition}: {section.rounds} rounds" for condition, section in config.conditions.items()),
        f"items after {', '.join(map(str, config.checkpoints))} rounds",
        *([f"{config.replicates} replicates"] if config.replicates > 1 else []),
    ]


MODEL_CARD_PAGE = page(
    "model_card_page",
    card_page,
    _instances,
    module=__name__,
    caption="One model on one page: values at the first and the last position, intervals, and where a lasting drop "
    "begins.",
)
