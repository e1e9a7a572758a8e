"""The user turns of a condition: out of scripts, of a conversation that was held elsewhere, or of a played user."""

import json
from collections.abc import Collection
from typing import NamedTuple

from personas.config.conditions import Condition, Order
from personas.config.reading.loader import validate
from personas.config.users import Brief, User
from personas.core.strict_yaml import read_yaml
from personas.external.reference import reference
from personas.grid.pins import TurnPin
from personas.grid.reading.conversation import first_rounds
from personas.grid.reading.files import Files
from personas.grid.reading.placeholders import script_so_far, texts_of
from personas.grid.reading.turns import QUESTIONS, Script, Turn, arrange, read_script

TurnsByOrder = dict[Order, list[str]]
PinsByOrder = dict[Order, list[TurnPin]]


class _AddressedScript(NamedTuple):
    """A script, and the parts of it whose turns name the role, which only the catalogue tells."""

    script: Script
    names_role: Collection[str]


def read_turns(files: Files, slug: str, condition: Condition) -> tuple[TurnsByOrder, PinsByOrder]:
    """Return the user turns of every order of a condition; and their pins where they come from elsewhere.

    Of a user that a model plays only the first is known; the others are empty.
    """
    if condition.user is not None:
        return {"fixed": [read_brief(files, condition.user).opening, *[""] * (condition.rounds - 1)]}, {}
    if condition.transcript is not None:
        rounds = first_rounds(files.root / condition.transcript, condition, slug)
        turns = [Turn(exchange.user, QUESTIONS, exchange.user) for exchange in rounds]
        return texts_of(arrange([Script(condition.transcript, (), turns, ())], condition, slug)), {}
    scripts = {part.turns: _script(files, slug, condition, part.turns) for part in condition.parts}
    arranged = arrange([scripts[part.turns].script for part in condition.parts], condition, slug)
    if not any(reference(name) for name in scripts):
        return texts_of(arranged), {}
    role_flags = [scripts[part.turns].names_role for part in condition.parts for _ in range(part.rounds)]
    pins = {
        order: [_pin(turn, names_role) for turn, names_role in zip(turns, role_flags, strict=True)]
        for order, turns in arranged.items()
    }
    return texts_of(arranged), pins


def _pin(turn: Turn, names_role: Collection[str]) -> TurnPin:
    """Return what identifies a turn; one of a file of one's own is its own key, and tells itself whom it names."""
    return TurnPin(turn.key, "{role}" in turn.text if turn.key == turn.text else turn.part in names_role)


def _script(files: Files, slug: str, condition: Condition, name: str) -> _AddressedScript:
    ref = reference(name)
    if ref is None:
        return _AddressedScript(read_script(files.root / name), ())
    where = f"conditions.{slug}.{'segments' if condition.segments else 'turns'}"
    entry = files.store.catalogue.file(ref, where, "turns")
    file = files.here(ref, ref.path)
    script = read_script(file) if file else script_so_far(slug, ref, entry)
    return _AddressedScript(script.with_keys(json.dumps(files.pin(ref, ref.path), sort_keys=True)), entry.names_role)


def read_answers(files: Files, slug: str, condition: Condition) -> list[str]:
    """Return the answers of a conversation that was held elsewhere; none where a model is asked for them."""
    if condition.transcript is None or not condition.has_given_answers:
        return []
    return [exchange.answer for exchange in first_rounds(files.root / condition.transcript, condition, slug)]


def read_brief(files: Files, user: User) -> Brief:
    """Return who a user is, with what the config says otherwise than the file."""
    path = files.root / user.brief
    own = {key: value for key, value in (("opening", user.opening), ("stop", user.stop)) if value}
    return validate(Brief, read_yaml(path) | own, str(path))
