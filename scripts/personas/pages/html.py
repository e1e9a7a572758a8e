"""Pages of the report: HTML files that need nothing else, from the templates beside this module."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from personas.core.canonical import sha256

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, title: str, note: str | None, **context: Any) -> str:
    """Return a page; `note` is printed below its title. Texts are escaped."""
    return _environment().get_template(template).render(title=title, note=note, **context)


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(TEMPLATES)
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


@cache
def templates_digest() -> str:
    """Return a hash of all templates: pages have the same base and style."""
    files = sorted(TEMPLATES.iterdir())
    return sha256([[file.name, file.read_text(encoding="utf-8")] for file in files])


def table(frame: pd.DataFrame, heading: str = "") -> Mapping[str, Any]:
    """Return a table as a part of a page of tables; shares (columns named `share`) are in percent."""
    columns = [str(name).replace("_", " ") for name in frame.columns]
    rows = [list(_cells(frame.columns, row)) for row in frame.itertuples(index=False)]
    return {"heading": heading, "text": "", "columns": columns, "rows": rows}


def text(content: str) -> Mapping[str, Any]:
    """Return a paragraph as a part of a page of tables."""
    return {"heading": "", "text": content, "columns": [], "rows": []}


def section(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Mapping[str, Any]:
    """Return rows as a table with a heading."""
    return table(pd.DataFrame(rows, columns=list(columns)), title)


def _cells(columns: Iterable[str], row: Iterable[Any]) -> Iterator[tuple[str, bool]]:
    for name, value in zip(columns, row, strict=True):
        if isinstance(value, bool | str) or value is None:
            yield "" if value is None else str(value), False
        else:
            yield f"{value:.1%}" if name == "share" else f"{value:,}", True
