"""Macros of cards, replaced literally in one pass: no template engine reads a card, since cards hold stray braces."""

import hashlib
import re
from dataclasses import dataclass, field

_MACRO = re.compile(r"\{\{([^{}]*)\}\}|<(char|bot|user)>", re.IGNORECASE)
_COMMA = re.compile(r"(?<!\\),")
_DROPPED = ("comment", "hidden_key")
_DRAWN = ("random", "pick", "roll")


@dataclass
class Macros:
    """What macros stand for in the texts of one card. `seed` is the card's hash: what is drawn stays the same.

    `draws` and `unknown` collect what was met.
    """

    character: str
    user: str
    seed: str
    draws: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def fill(self, text: str) -> str:
        """Return a text with its macros replaced; what they are replaced by is not looked at again."""
        return _MACRO.sub(lambda macro: self._value(macro), text)

    def _value(self, macro: re.Match[str]) -> str:
        word, _, argument = (macro[1] or macro[2] or "").strip().partition(":")
        match word.strip().lower():
            case "char" | "bot":
                return self.character
            case "user":
                return self.user
            case "reverse":
                return argument.strip()[::-1]
            case name if name in _DROPPED or name.startswith("//"):
                return ""
            case name if name in _DRAWN and argument.strip():
                return self._draw(macro[0], name, argument)
        self.unknown.append(macro[0])
        return macro[0]

    def _draw(self, macro: str, name: str, argument: str) -> str:
        if name == "roll":
            sides = argument.strip().lower().removeprefix("d")
            if not sides.isascii() or not sides.isdecimal() or len(sides) > 9 or not int(sides):
                self.unknown.append(macro)
                return macro
            self.draws.append(macro)
            return str(1 + self._number() % int(sides))
        self.draws.append(macro)
        apart = argument[1:].split("::") if argument.startswith(":") else _COMMA.split(argument)
        values = [value.replace("\\,", ",").strip() for value in apart]
        return values[self._number() % len(values)]

    def _number(self) -> int:
        return int(hashlib.sha256(f"{self.seed}\n{len(self.draws)}".encode()).hexdigest()[:12], 16)
