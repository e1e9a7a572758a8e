"""Pages of the report: tables as HTML files that need nothing else."""

import html
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from personas.grid.asked import asked_items
from personas.grid.grid import Grid

_STYLE = """
body { font: 14px "Helvetica Neue", Arial, sans-serif; color: #222; margin: 1.5em }
h1 { font-size: 20px } h2 { font-size: 16px; margin-top: 1.6em }
table { border-collapse: collapse; margin: 0.6em 0 } .wide { overflow-x: auto }
th, td { padding: 0.3em 0.8em; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top }
th { border-bottom: 2px solid #555; white-space: nowrap } td.number { text-align: right; white-space: nowrap }
p.note { color: #5c5c5c; max-width: 60em }
"""


def document(title: str, parts: Iterable[str], note: str | None = None, style: str = "") -> str:
    """Return a page from pieces of HTML; `note` is printed below the title. `style` are rules that this page adds."""
    warning = f'<p class="note">{html.escape(note)}</p>' if note else ""
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}{style}</style>'
    body = f"<h1>{html.escape(title)}</h1>{warning}{''.join(parts)}"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>\n"


def table(frame: pd.DataFrame) -> str:
    """Return a table as HTML; numbers are set right, shares (columns named `share`) in percent."""
    heads = "".join(f"<th>{html.escape(str(name).replace('_', ' '))}</th>" for name in frame.columns)
    rows = "".join(f"<tr>{''.join(_cells(frame.columns, row))}</tr>" for row in frame.itertuples(index=False))
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cells(columns: Iterable[str], row: Iterable[Any]) -> Iterator[str]:
    for name, value in zip(columns, row, strict=True):
        if isinstance(value, bool | str) or value is None:
            yield f"<td>{html.escape('' if value is None else str(value))}</td>"
        elif name == "share":
            yield f'<td class="number">{value:.1%}</td>'
        else:
            yield f'<td class="number">{value:,}</td>'


def heading(text: str) -> str:
    """Return a heading as HTML."""
    return f"<h2>{html.escape(text)}</h2>"


def grid_parts(grid: Grid) -> list[str]:
    """Return what the grid consists of: cells by stage and model, and every value of each axis."""
    config = grid.study.config
    cells = Counter((cell.stage, cell.track.model, cell.judge or "") for cell in grid.cells)
    counted = [(*key, n) for key, n in cells.items()]
    models = [(slug, m.id, m.revision, m.engine, m.sampling.temperature) for slug, m in config.models.items()]
    judges = [
        (slug, j.model.id, j.model.engine, j.form, ", ".join([*j.utterances, *config.judged_benchmarks(slug)]))
        for slug, j in config.judges.items()
    ]
    talks = [(slug, c.rounds, ", ".join(c.orders), ", ".join(c.ask_in)) for slug, c in config.conditions.items()]
    benchmarks = [(slug, config.kind_of(slug), _items(grid, slug)) for slug in config.benchmarks]
    checkpoints = ", ".join(map(str, config.checkpoints))
    return [
        *_section("Cells", ("stage", "model", "judge", "cells"), counted),
        *_section("Models", ("model", "id", "revision", "engine", "temperature"), models),
        *_section("Personas", ("persona", "role"), [(s, p.role) for s, p in grid.study.personas.items()]),
        *_section("Dialogue conditions", ("condition", "rounds", "orders", "items asked in"), talks),
        f"<p>Items are asked after {html.escape(checkpoints)} rounds; {config.replicates} replicate(s).</p>",
        *_section("Benchmarks", ("benchmark", "kind", "items per persona"), benchmarks),
        *(_section("Judges", ("judge", "id", "engine", "form", "rates"), judges) if judges else []),
    ]


def _items(grid: Grid, benchmark: str) -> str:
    counts = {
        len(items) for persona in grid.study.personas for _, items in asked_items(grid.study, benchmark, persona)
    }
    return " to ".join(map(str, sorted({min(counts), max(counts)}))) if counts else "none"


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    return [heading(title), table(pd.DataFrame(rows, columns=list(columns)))]
