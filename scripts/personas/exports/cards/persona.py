"""The persona that a character card describes, as the YAML file of one, and what of the card it leaves out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from personas.config.base import LONGEST_SLUG, is_slug, slug_of
from personas.config.personas import BASELINE, Persona
from personas.config.reading.loader import validate
from personas.core.canonical import sha256
from personas.core.cleaning import one_line
from personas.core.errors import UserError
from personas.exports.cards.card import Card
from personas.exports.cards.macros import Macros

OPTIONAL = ("first_message", "example_dialogues")
_START = re.compile(r"<start>", re.IGNORECASE)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, which people can edit."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


@dataclass(frozen=True)
class ImportedPersona:
    """A persona made of a card: its slug, its file, and lines that say what was odd and what was not used."""

    slug: str
    content: str
    notes: tuple[str, ...]


def import_card(card: Card, user: str, left_out: tuple[str, ...] = ()) -> ImportedPersona:
    """Return the persona of a card; `user` is who `{{user}}` is, `left_out` are some of `OPTIONAL`.

    UserError where the card describes nobody, or its name makes no slug.
    """
    texts = card.texts
    role = " ".join((texts["nickname"] or texts["name"]).split())
    macros = Macros(role, user, sha256(dict(texts)))
    filled = {key: macros.fill(text).strip() for key, text in texts.items()}
    paragraphs = [filled["description"]]
    paragraphs += (f"{key.capitalize()}: {filled[key]}" for key in ("personality", "scenario") if filled[key])
    raw = {
        "role": role,
        "name": texts["name"] if texts["name"] != role else "",
        "description": "\n\n".join(part for part in paragraphs if part),
        "first_message": filled["first_message"],
        "example_dialogues": "\n\n".join(part.strip() for part in _START.split(filled["examples"]) if part.strip()),
    }
    fields = {key: text for key, text in raw.items() if text and key not in left_out}
    if "description" not in fields:
        raise UserError(f"{card.file}: description: found none, expected who the character is.")
    validate(Persona, fields, str(card.file))
    header = f"# From the card {one_line(card.file.name, 80)} ({card.version}), by `personas import-card`.\n"
    content = header + yaml.dump(fields, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    unused = [*_unused_parts(card.rest), *(key for key in left_out if raw[key])]
    return ImportedPersona(_slug(role, card.file), content, (*card.notes, *_messages(macros, unused)))


def _slug(role: str, file: Path) -> str:
    slug = slug_of(role)[:LONGEST_SLUG].strip("-.")
    if not is_slug(slug) or slug == BASELINE:
        raise UserError(
            f"{file}: name: found {one_line(role, 80)!r}, expected letters or digits, and not {BASELINE!r}."
        )
    return slug


def _messages(macros: Macros, unused: list[str]) -> Iterator[str]:
    if macros.draws:
        yield f"Drawn once, and the same at every import: {one_line(', '.join(dict.fromkeys(macros.draws)))}."
    if macros.unknown:
        yield f"Macros that are left as they are: {one_line(', '.join(dict.fromkeys(macros.unknown)))}."
    if unused:
        yield f"Not used: {'; '.join(unused)}."


def _unused_parts(rest: Mapping[str, Any]) -> Iterator[str]:
    """Name what of a card reaches no prompt: a lorebook and greetings with their number, the rest by key."""
    book = rest.get("character_book")
    if isinstance(book, dict):
        entries = book.get("entries")
        count = len(entries) if isinstance(entries, list | dict) else 0
        name = f" {one_line(book['name'], 60)!r}" if isinstance(book.get("name"), str) and book["name"] else ""
        yield f"lorebook{name} with {count} {'entry' if count == 1 else 'entries'}"
    for key, what in (("alternate_greetings", "alternate"), ("group_only_greetings", "group")):
        if key in rest:
            greetings = rest[key] if isinstance(rest[key], list) else [rest[key]]
            yield f"{len(greetings)} {what} greeting{'s' if len(greetings) > 1 else ''}"
    known_keys = {"character_book", "alternate_greetings", "group_only_greetings", "data", "spec", "spec_version"}
    if others := [one_line(key, 40) for key in rest if key not in known_keys]:
        yield one_line(", ".join(sorted(others)))
