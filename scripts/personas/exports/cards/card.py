"""Read a character card: V1, V2 or V3, as JSON or in a PNG file. Its shape decides what it is, not what it says.

Facts about the formats: the published specifications of V1, V2 and V3, and what front ends really write.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.core.cleaning import Unreadable, one_line, parse_json
from personas.core.errors import UserError
from personas.core.strict_yaml import refuse_odd_file
from personas.exports.cards.png import SIGNATURE, text_chunks

_LARGEST = 100_000_000
_CHUNKS = ("ccv3", "chara")
"""Keywords of the chunks that hold a card, the one that wins first."""
_NAMES = {
    "name": ("name", "char_name"),
    "nickname": ("nickname",),
    "description": ("description", "char_persona", "context"),
    "personality": ("personality",),
    "scenario": ("scenario", "world_scenario"),
    "first_message": ("first_mes", "char_greeting", "first_message", "firstMessage", "greeting"),
    "examples": ("mes_example", "example_dialogue", "mesExample"),
}
"""What we read -> the keys it may have in a card, the one that wins first."""
_KNOWN = frozenset(key for keys in _NAMES.values() for key in keys)


@dataclass(frozen=True)
class Card:
    """A card. `texts` has every key of ours, "" where the card has none; `rest` is what is not read; `notes` say what
    was odd about it.
    """

    file: Path
    version: str
    texts: Mapping[str, str]
    rest: Mapping[str, Any]
    notes: tuple[str, ...]


def read_card(path: Path) -> Card:
    """Read a card; UserError where the file is none."""
    refuse_odd_file(path)
    if path.stat().st_size > _LARGEST:
        raise UserError(f"{path}: found more than {_LARGEST // 1_000_000} MB, expected a character card.")
    data = path.read_bytes()
    raw = _in_png(path, data) if data.startswith(SIGNATURE) else _json(data, str(path))
    inner = raw.get("data")
    fields = inner if isinstance(inner, dict) else raw
    texts = {ours: _first(fields, keys) for ours, keys in _NAMES.items()}
    texts["name"] = " ".join(texts["name"].split())
    if not texts["name"]:
        raise UserError(f"{path}: name: found none, expected the name of a character.")
    rest = {key: value for key, value in fields.items() if key not in _KNOWN and value}
    version = _version(raw, fields)
    return Card(path, version, texts, rest, tuple(_odd(raw, fields, version)))


def _in_png(path: Path, data: bytes) -> dict[str, Any]:
    chunks: dict[str, bytes] = {}
    for keyword, content in text_chunks(data):
        chunks.setdefault(keyword, content)
    for keyword in _CHUNKS:
        if keyword in chunks:
            return _json(_decode(chunks[keyword], f"{path}: chunk {keyword}"), f"{path}: chunk {keyword}")
    if "name" in chunks:  # a few front ends write a chunk for each field
        fields = chunks.keys() & _KNOWN
        return {keyword: _utf8(chunks[keyword], f"{path}: chunk {keyword}") for keyword in fields}
    raise UserError(f"{path}: found no chunk `chara` or `ccv3` in this PNG file, expected a character card in one.")


def _decode(content: bytes, where: str) -> bytes:
    plain = b"".join(content.split())
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise UserError(f"{where}: not valid base64 ({error}), expected that of a character card.") from None


def _utf8(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: not valid UTF-8 ({error}), expected a character card.") from None


def _json(data: bytes, where: str) -> dict[str, Any]:
    _utf8(data, where)
    try:
        raw = parse_json(data, None)
    except Unreadable as error:
        raise UserError(
            f"{where}: not valid JSON, or nested too deeply ({error}), expected a character card."
        ) from None
    if not isinstance(raw, dict):
        raise UserError(f"{where}: found a {type(raw).__name__}, expected the object of a character card.")
    return raw


def _first(fields: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """Return the first text among some keys: real cards have null, numbers and CRLF where texts should be."""
    texts = (fields[key] for key in keys if isinstance(fields.get(key), str))
    plain = (text.replace("\r\n", "\n").replace("\r", "\n").strip() for text in texts)
    return next((text for text in plain if text), "")


def _version(raw: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    if fields is raw:
        return "V1"
    return "V3" if raw.get("spec") == "chara_card_v3" else "V2"


def _odd(raw: Mapping[str, Any], fields: Mapping[str, Any], version: str) -> list[str]:
    notes = []
    spec, number = raw.get("spec"), one_line(str(raw.get("spec_version", "")), 20)
    if version == "V1" and isinstance(spec, str):
        notes.append(f"It says that it is a {one_line(spec, 40)}, but has no `data`: read as V1.")
    if version != "V1" and (duplicates := sorted(key for key in raw if key in _NAMES["name"] + ("description",))):
        notes.append(f"{', '.join(duplicates)} beside `data`: those in `data` are read.")
    if number.split(".")[0].isdecimal() and int(number.split(".")[0]) > 3:
        notes.append(f"Its version {number} is newer than 3.0, the last that is known here.")
    for keys in _NAMES.values():
        texts = {key: text for key in keys if (text := _first(fields, (key,)))}
        if len(set(texts.values())) > 1:
            notes.append(f"It has {' and '.join(texts)}, which differ: the first is read.")
    return notes
