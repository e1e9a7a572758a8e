"""What a server sent, made harmless: once, where it is read.

Whatever is made of it (rows, journals, logs, the last lines of a run) then holds no key, can be encoded, and, where
it is told to people, fills one printable line.
"""

import json
import re
from typing import Any

LONGEST = 500
"""Characters that are told of what a server said."""
_KEY = "[key]"
_HALF = re.compile("[\ud800-\udfff]")
_LONGEST_INTEGER = 18
"""Digits; longer ones become floats, since thousands of digits are an error of their own in Python."""


_ESCAPED = frozenset('"\\/')
"""Letters that stand in JSON behind a backslash, or may."""


class Unreadable(ValueError):
    """What was sent is no JSON, or nested too deeply to be read; the text is the beginning of what it is."""


def parse_json(data: bytes, secret: str | None) -> Any:
    """Return the JSON in a body, every text in it cleaned; Unreadable where there is none."""
    try:
        text = _text(data)
        body = json.loads(text, parse_int=_integer)
        return body if _is_clean(text, secret) else _clean(body, secret)
    except (ValueError, RecursionError):
        raise Unreadable(start(data, secret)) from None


def start(data: bytes, secret: str | None) -> str:
    """Return how a body begins, in quotes."""
    return repr(one_line(cleaned_text(_text(data[:10_000]), secret), 100)) if data.strip() else "an empty body"


def cleaned_text(text: str, secret: str | None) -> str:
    """Return a text without the key, and with U+FFFD for halves of surrogate pairs, which no file can hold."""
    text = text.replace(secret, _KEY) if secret else text
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text to be told to people: on one line, nothing that a terminal would obey, and not too long."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: 8 * longest])
    line = " ".join(printable.split())
    return line if len(line) <= longest else f"{line[: longest - 2]} …"


def _text(data: bytes) -> str:
    """Decode as JSON is to be decoded; what is not valid becomes U+FFFD, and a byte order mark nothing."""
    return data.decode(json.detect_encoding(data), errors="replace").removeprefix("\ufeff")


def _clean(value: Any, secret: str | None) -> Any:
    if isinstance(value, str):
        return cleaned_text(value, secret)
    if isinstance(value, list):
        return [_clean(part, secret) for part in value]
    if isinstance(value, dict):
        return {cleaned_text(key, secret): _clean(part, secret) for key, part in value.items()}
    return value


def _is_clean(text: str, secret: str | None) -> bool:
    """Tell whether no text of a body can need cleaning: nothing that JSON hides is the key, or half a pair."""
    if "\\u" in text:
        return False
    return secret is None or not (secret in text or _ESCAPED.intersection(secret))


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)
