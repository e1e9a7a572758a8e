"""A conversation that was held elsewhere: JSON Lines of messages, user turns and answers in turn."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from personas.config.conditions import Condition
from personas.core.cleaning import Unreadable, parse_json
from personas.core.errors import UserError
from personas.core.strict_yaml import refuse_odd_file

_TURNS = ("user", "assistant")


class Exchange(NamedTuple):
    """A user turn and its answer."""

    user: str
    answer: str


def read_conversation(path: Path) -> list[Exchange]:
    """Return the rounds of a conversation: one message a line, `role` user or assistant, and `content`.

    UserError where it is none, or not in turn: `personas import-transcript` writes such a file from other forms.
    """
    refuse_odd_file(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file, expected a conversation as JSON Lines of messages.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}), expected JSON Lines in UTF-8.") from None
    texts = [
        _text(f"{path}, line {n}", line, len_before) for len_before, (n, line) in enumerate(_numbered_lines(lines))
    ]
    if not texts or len(texts) % 2:
        ending = "a user turn at its end" if texts else "no message"
        raise UserError(f"{path}: found {ending}, expected rounds of a user turn and its answer.")
    return [Exchange(user, answer) for user, answer in zip(texts[::2], texts[1::2], strict=True)]


def _numbered_lines(lines: Sequence[str]) -> list[tuple[int, str]]:
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _text(where: str, line: str, before: int) -> str:
    """Return the text of a message with so many messages before it."""
    try:
        raw = parse_json(line.encode(), None)
    except Unreadable as error:
        raise UserError(f"{where}: not valid JSON ({error}), expected a message.") from None
    role = _TURNS[before % 2]
    if not isinstance(raw, dict) or raw.get("role") != role:
        value = raw.get("role") if isinstance(raw, dict) else raw
        raise UserError(
            f"{where}: found {str(value)[:40]!r}, expected a message of the role {role}: user turns and answers "
            "follow one another; `personas import-transcript` makes such a file of others."
        )
    content = raw.get("content")
    if not isinstance(content, str) or not content.strip():
        raise UserError(f"{where}: content: found no text, expected one that is not empty.")
    return content


def first_rounds(path: Path, condition: Condition, slug: str) -> list[Exchange]:
    """Return the rounds that a condition takes of a conversation; UserError if there are not as many."""
    rounds = read_conversation(path)
    if condition.rounds > len(rounds):
        raise UserError(
            f"conditions.{slug}.rounds: found {condition.rounds}, expected 1 to {len(rounds)}, the rounds of {path}."
        )
    return rounds[: condition.rounds]
