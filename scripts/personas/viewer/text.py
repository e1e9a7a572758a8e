"""Texts of models, shown as texts: what a page cannot show becomes visible, and long ones are cut with a mark."""

import re

LONGEST = 20_000
"""Characters of one text that a page shows; a link leads to all of it."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters but tab and line feed, and marks that turn the direction of what follows."""


def visible(text: str) -> str:
    """Return a text with a sign for each character that a page would hide, drop or obey."""
    return _CONTROLS.sub(_sign, text.replace("\r\n", "\n"))


def shorten(text: str, longest: int) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(visible(text[: 4 * longest]).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _sign(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number < 0x20:
        return chr(0x2400 + number)
    return "␡" if number == 0x7F else f"⟨U+{number:04X}⟩"
