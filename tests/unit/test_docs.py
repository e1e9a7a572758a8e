"""The documentation keeps up: every config field is named in docs/config.md, every relative link leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from personas.config.base import Section
from personas.config.personas import Persona
from personas.config.root import Config
from personas.engines.request import STATUSES
from personas.interventions import KINDS
from personas.workflow.listing import render

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "data/demo/README.md"])
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _sections(section: type[Section]) -> Iterator[type[Section]]:
    """A section and all below it."""
    yield section
    for field in section.model_fields.values():
        for below in _named_in(field.annotation):
            yield from _sections(below)


def _named_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _named_in(argument)


FIELDS = sorted({(s.__name__, f) for top in (Config, Persona) for s in _sections(top) for f in s.model_fields})


def test_the_walk_finds_every_section() -> None:
    named = {section for section, _ in FIELDS}
    assert {"Config", "Persona", "Sampling", "LlamaCppModel", "VllmModel", "EndpointModel", "Price", "Judge"} <= named
    assert {"ReleasedModel", "Release"} <= named


@pytest.mark.parametrize(("section", "field"), FIELDS, ids=lambda part: part)
def test_every_config_field_is_documented(section: str, field: str) -> None:
    """Once for every section that has a field of this name: as a row of a table, or as a heading."""
    text = (ROOT / "docs/config.md").read_text(encoding="utf-8")
    places = re.findall(rf"^(?:\| `{field}` \||#+ `{field}`)", text, re.MULTILINE)
    homes = [name for name, other in FIELDS if other == field]
    engines = [name for name in homes if name in ("LlamaCppModel", "VllmModel", "EndpointModel", "ReleasedModel")]
    shared = len(engines) - 1 if len(engines) == 4 else 0  # in one table for all
    kinds = [name for name in homes if name in {kind.__name__ for kind in KINDS.values()}]
    shared += len(kinds) - 1 if len(kinds) == len(KINDS) else 0  # likewise
    assert len(places) >= len(homes) - shared, f"{section}.{field}: found {len(places)} of {len(homes)} places"


def test_every_status_is_documented() -> None:
    text = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    assert [status for status in STATUSES if f"| `{status}` |" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(target)
    assert broken == []


def _anchors(page: Path) -> set[str]:
    """The anchors that headings get: lower case, no punctuation, dashes for blanks."""
    headings = re.findall(r"^#+ (.*)$", _CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_list_of_tables_figures_and_pages_is_the_declared_one() -> None:
    assert (ROOT / "docs/artefacts.md").read_text(encoding="utf-8") == render(), "make docs"
