"""The lines of journals: which request each answers, and whether its answer counts."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from personas.core.cleaning import parsed
from personas.engines.http.answers import as_read_today
from personas.engines.http.endings import ending
from personas.engines.request import Reply, reply_from

HEAD = b'{"key":"'
"""What a line of ours begins with."""
_KEY = slice(len(HEAD), len(HEAD) + 64)
_DIGITS = re.compile("[0-9a-f]{64}")
_FINISH, _LONGEST_WORD = b'"finish_reason":', 120
_ENDS_BADLY = ("broken off", "unknown")


def journal_files(folder: Path) -> list[Path]:
    """Return the journals in a folder in the order in which they are read: the first answer to a request counts."""
    return sorted(path for path in folder.glob("*.jsonl") if not path.name.startswith("."))


def journal_lines(path: Path) -> Iterator[tuple[bytes | None, bytes]]:
    """Yield every line of a journal with its key; None for a torn or foreign line. A missing file has no lines."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            yield key_of(line), line


def reply_in(line: bytes) -> Reply | None:
    """Return the reply that a line holds; None if it is damaged, and then it is asked again."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return reply_from(parsed(line, None)["reply"])
    return None


def answer_in(line: bytes) -> Reply | None:
    """Return the reply that a line holds, as it would be read today; None if its request is asked again."""
    reply = reply_in(line)
    return as_read_today(reply) if reply else None


def key_of(line: bytes) -> bytes | None:
    """Return the key of a line; None where it has none."""
    if line.startswith(HEAD) and line.endswith(b"}\n"):
        return key_from(line[_KEY].decode("ascii", "replace"))
    if b'"key"' in line:  # not as we write it; an index of a million lines cannot parse them all
        with contextlib.suppress(ValueError):
            raw = parsed(line, None)
            return key_from(raw.get("key")) if isinstance(raw, dict) else None
    return None


def key_from(digits: object) -> bytes | None:
    """Return a key from its 64 hex digits; None for anything else."""
    return bytes.fromhex(digits) if isinstance(digits, str) and _DIGITS.fullmatch(digits) else None


def offsets(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield key and offset of every whole line; one that is torn, or asked again, is as if it never was."""
    offset = 0
    for key, line in journal_lines(path):
        if key is not None and not is_asked_again(line):
            yield key, offset
        offset += len(line)


def is_asked_again(line: bytes) -> bool:
    """Tell whether an earlier version kept a line whose answer broke off; only such lines are parsed."""
    at = line.rfind(_FINISH)
    if at < 0:
        return False
    word = line[at + len(_FINISH) : at + _LONGEST_WORD].split(b'"', 2)[1:2]
    return ending(b"".join(word).decode("ascii", "replace")) in _ENDS_BADLY and answer_in(line) is None


def finished_keys(folder: Path) -> list[str]:
    """Return the key of every line in every journal below `folder`, repeats included."""
    return [key.hex() for path in sorted(folder.rglob("*.jsonl")) for key, _ in offsets(path)]
