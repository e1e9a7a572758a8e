"""The lines of journals, plain and packed: which request each answers, and whether its answer counts."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from personas.core.cleaning import parse_json
from personas.engines.http.answers import as_read_today
from personas.engines.http.endings import ending
from personas.engines.request import Reply, reply_from
from personas.requests.packed_journal import HEAD, NAME, PackedJournal

_KEY = slice(len(HEAD), len(HEAD) + 64)
_DIGITS = re.compile("[0-9a-f]{64}")
_FINISH, _LONGEST_WORD = b'"finish_reason":', 120
_ENDS_BADLY = ("broken off", "unknown")


def journal_files(folder: Path) -> list[Path]:
    """Return the journals in a folder in the order in which they are read: the first answer to a request counts."""
    plain = (path for path in folder.glob("*.jsonl") if not path.name.startswith("."))
    return sorted((*folder.glob(NAME), *plain))


def is_packed(path: Path) -> bool:
    """Tell whether a journal is packed."""
    return path.name == NAME


def journal_lines(path: Path) -> Iterator[tuple[bytes | None, bytes]]:
    """Yield every line of a journal with its key; None for a torn or foreign line. A missing file has no lines."""
    with contextlib.suppress(FileNotFoundError):
        if is_packed(path):
            yield from ((key, line) for key, _, line in PackedJournal(path).lines())
            return
        with path.open("rb") as file:
            for line in file:
                yield key_of(line), line


def reply_in(line: bytes) -> Reply | None:
    """Return the reply that a line holds; None if it is damaged, and then it is asked again."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return reply_from(parse_json(line, None)["reply"])
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
            raw = parse_json(line, None)
            return key_from(raw.get("key")) if isinstance(raw, dict) else None
    return None


def key_from(digits: object) -> bytes | None:
    """Return a key from its 64 hex digits; None for anything else."""
    return bytes.fromhex(digits) if isinstance(digits, str) and _DIGITS.fullmatch(digits) else None


def offsets(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield key and place of every whole line; one that is torn, or asked again, is as if it never was.

    The place is the offset of a line, in a packed journal its number.
    """
    if is_packed(path):
        with contextlib.suppress(FileNotFoundError):
            yield from PackedJournal(path).rows()
        return
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
    folders = sorted({folder, *(path for path in folder.rglob("*") if path.is_dir())})
    return [key.hex() for each in folders for path in journal_files(each) for key, _ in offsets(path)]
