"""Rewrite the journals of one model: take answers out, or pack all files into one. Only while alone (alone.py)."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from personas.core.files import is_full, sync_folder, write_atomically
from personas.requests.journal_lines import answer_in, is_packed, journal_files, journal_lines
from personas.requests.packed_journal import (
    NAME,
    STRUCK_OUT,
    Line,
    PackedJournal,
    packed_size,
    strike_out,
    write_packed,
)

DAMAGED = "damaged"
"""Ending of files with lines of journals that nobody can read; whoever paid for them decides when they go."""


def take_out(folder: Path, keys: Collection[bytes]) -> Path | None:
    """Take the answers to `keys` out of the journals in `folder`; return what keeps the removed lines.

    That is a file of its own, or on a full disk the journals in `folder` themselves. None where no journal holds any.
    """
    affected = [path for path in journal_files(folder) if any(key in keys for key, _ in journal_lines(path))]
    if not affected:
        return None
    try:
        return _move_out(folder, affected, keys)
    except OSError as error:
        if not is_full(error):
            raise
        for path in affected:
            _strike_out(path, keys)
        return folder


def _move_out(folder: Path, affected: Sequence[Path], keys: Collection[bytes]) -> Path:
    """Move lines to a file of their own.

    They are on disk before the first journal is rewritten, so whatever ends this in between loses no answer, and the
    same command again finishes it.
    """
    kept_at = _free_name(folder, "forgotten")
    moved = (line for path in affected for key, line in journal_lines(path) if key in keys)
    write_atomically(kept_at, _writer(map(_with_end, moved)))
    sync_folder(folder)
    for path in affected:
        write_atomically(path, partial(_rewrite, path, keys))
    return kept_at


def _rewrite(path: Path, without: Collection[bytes], at: Path) -> None:
    """Write what a journal holds, but for some answers, to a file of the same form."""
    if is_packed(path):
        write_packed(at, (line for line in PackedJournal(path).lines() if line[0] not in without))
    else:
        _writer(line for key, line in journal_lines(path) if key not in without)(at)


def _strike_out(path: Path, keys: Collection[bytes]) -> None:
    """Make the lines of `keys` count no more without moving any: that takes no room on the disk."""
    if is_packed(path):
        strike_out(path, keys)
        return
    offset = 0
    with path.open("r+b") as file:
        for key, line in journal_lines(path):
            if key in keys:
                file.seek(offset)
                file.write(STRUCK_OUT)
            offset += len(line)
        file.flush()
        os.fsync(file.fileno())


def _free_name(folder: Path, ending: str) -> Path:
    stem = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}"
    names = [stem, *(f"{stem}-{attempt}" for attempt in range(1, 1000))]
    return next(path for path in (folder / f"{name}.{ending}" for name in names) if not path.exists())


def _writer(lines: Iterable[bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.writelines(lines)

    return write


def _with_end(line: bytes) -> bytes:
    """Return a line with its end, which the last of a file may lack."""
    return line if line.endswith(b"\n") else line + b"\n"


@dataclass(frozen=True)
class Compaction:
    """What compacting the journals of a model does: files, answers that stay, lines that go, bytes before, after.

    `unpacked` counts the files that are not packed yet; `after` is near what it will be.
    """

    slug: str
    files: int
    answers: int
    repeats: int
    torn: int
    before: int
    after: int
    unpacked: int

    @property
    def is_needed(self) -> bool:
        """Whether anything would change."""
        return self.unpacked > 0 or self.files > 1 or self.repeats > 0 or self.torn > 0


def compaction(folder: Path) -> Compaction:
    """Return what compacting would do; reads every journal in `folder`, and changes nothing."""
    paths, dropped, counts = journal_files(folder), Counter[str](), Counter[bool]()

    def stay() -> Iterator[Line]:
        for line in first_answers(paths, dropped, []):
            counts[line[1]] += 1
            yield line

    after = packed_size(stay())
    before = sum(path.stat().st_size for path in paths)
    unpacked = sum(not is_packed(path) for path in paths)
    repeats, torn = dropped["repeats"], dropped["torn"]
    return Compaction(folder.name, len(paths), counts.total(), repeats, torn, before, after, unpacked)


def compact(folder: Path) -> None:
    """Pack the journals in `folder` into one file, without torn lines and repeats; the first answer of a key stays.

    The new file is on disk before an old one goes. In between the old ones only repeat what it says. Torn lines are
    kept in a file beside: what the project cannot read today may still be somebody's paid answer.
    """
    paths, torn = journal_files(folder), list[bytes]()
    lines = first_answers(paths, Counter(), torn)
    write_atomically(folder / NAME, partial(write_packed, lines=lines))
    if torn:
        write_atomically(_free_name(folder, DAMAGED), _writer(map(_with_end, torn)))
    sync_folder(folder)
    for path in paths:
        if path.name != NAME:
            path.unlink()


def first_answers(paths: Iterable[Path], dropped: Counter[str], torn: list[bytes]) -> Iterator[Line]:
    """Yield the lines that stay, in their order; count those that do not, `torn` and `repeats`, and keep the torn.

    A line that is JSON but no reply of this version of the project stays, and does not count as an answer: another
    version may read it.
    """
    keys: set[bytes] = set()
    for path in paths:
        for key, line in journal_lines(path):
            if key is not None and key in keys:
                dropped["repeats"] += 1
            elif key is not None and answer_in(line) is not None:
                keys.add(key)
                yield key, True, _with_end(line)
            elif key is not None and _is_json(line):
                yield key, False, _with_end(line)
            elif line.strip():
                dropped["torn"] += 1
                torn.append(line)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
