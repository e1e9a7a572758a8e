"""A page before it is written: its template, and what that is told. Links are written by who serves the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from personas.viewer.text import LONGEST, shorten, visible

FOLDER = Path(__file__).parent
Link = Callable[..., str]


@dataclass(frozen=True)
class View:
    """A page: name of its template without ending, its title, and values by name."""

    template: str
    title: str
    values: Mapping[str, Any]


def address(path: str, **query: object) -> str:
    """Return the address of a page on the server; parameters that are None or blank are left out."""
    parameters = {name: value for name, value in query.items() if value not in (None, "")}
    return quote(path) + (f"?{urlencode(parameters)}" if parameters else "")


def write(view: View, link: Link = address, *, served: bool = True) -> str:
    """Return a page as HTML, all texts escaped; `served`: whether there is a server, which can search and sort."""
    template = _environment().get_template(f"{view.template}.html")
    return template.render(title=view.title, link=link, served=served, **view.values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=visible, short=shorten, number=_number)
    environment.globals["longest"] = LONGEST
    return environment


def _number(value: float | None, scale: str = "rating") -> str:
    """Write a value of a measure: shares in percent; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.0%}" if scale == "share" else f"{value:.2f}" if scale == "rating" else f"{value:.3g}"
