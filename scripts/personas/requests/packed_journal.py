"""Packed journals: the answers of finished runs in one compressed file, of which single lines can be read.

Parquet: the key of every line, and the rest of the line compressed by zstd, in groups of some megabytes. Keys are
as they are, for random bytes do not shrink, and so that one can be struck out in its place on a full disk.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from mmap import mmap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from personas.core.errors import UserError

NAME = "compacted.parquet"
"""Sorts before the journals of batches, `generate_...` and `judge_...`, so what it holds counts first."""
HEAD = b'{"key":"'
"""What a line of ours begins with."""
STRUCK_OUT = b"-"
"""Begins a line that was struck out, in the place of its brace."""

_SCHEMA = pa.schema([("key", pa.binary(32)), ("counts", pa.bool_()), ("line", pa.binary())])
_NONE = b"struck out".ljust(32, b"-")
_BEHIND_KEY = b'","'
_GROUP = 4_000_000
"""Bytes of lines that are compressed together: to read one line all of them are unpacked."""
_KEPT = 8
"""Groups that stay unpacked while lines are looked up: dialogues of a batch are read side by side."""
_LEVEL = 6

Line = tuple[bytes | None, bool, bytes]
"""A line: its key (None where it was struck out), whether it answers its request, and all of it."""


def write_packed(path: Path, lines: Iterable[Line]) -> None:
    """Write a packed journal."""
    with pq.ParquetWriter(
        path,
        _SCHEMA,
        compression={"key": "none", "counts": "none", "line": "zstd"},
        compression_level={"line": _LEVEL},
        use_dictionary=False,
        write_statistics=False,
    ) as writer:
        for group in _groups(lines):
            writer.write_table(pa.table(list(zip(*group, strict=True)), _SCHEMA), row_group_size=len(group))


def packed_size(lines: Iterable[Line]) -> int:
    """Return about how many bytes `write_packed` would write."""
    codec = pa.Codec("zstd", _LEVEL)
    texts = (b"".join(line for _, _, line in group) for group in _groups(lines))
    sizes = [(len(codec.compress(text, asbytes=True)) if text else 0, text.count(b"\n")) for text in texts]
    return sum(size + len(_NONE) * count for size, count in sizes)


def _groups(lines: Iterable[Line]) -> Iterator[list[Line]]:
    group, size = list[Line](), 0
    for key, counts, line in lines:
        own = key is not None and line.startswith(HEAD + key.hex().encode() + _BEHIND_KEY)
        group.append((key or _NONE, counts, line[len(HEAD) + 2 * len(_NONE) :] if own else line))
        size += len(group[-1][2])
        if size >= _GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def strike_out(path: Path, keys: Collection[bytes]) -> None:
    """Make the lines of `keys` count no more without moving any: that takes no room on the disk."""
    with path.open("r+b") as file, mmap(file.fileno(), 0) as content:
        for key in keys:
            at = content.find(key)
            while at >= 0:
                content[at : at + len(key)] = _NONE
                at = content.find(key, at)
        content.flush()


class PackedJournal:
    """A packed journal, open; it reads the same file even if another takes its name. UserError where it is broken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._clear_errors():
            self._file = pq.ParquetFile(path)
        self._unpacked: OrderedDict[int, pa.Table] = OrderedDict()

    def lines(self) -> Iterator[Line]:
        """Yield every line."""
        for number in range(self._file.num_row_groups):
            columns = (column.to_pylist() for column in self._group(number).columns)
            for key, counts, rest in zip(*columns, strict=True):
                yield None if key == _NONE else key, counts, _whole(key, rest)

    def rows(self) -> Iterator[tuple[bytes, int]]:
        """Yield key and number of every line that answers its request; no line is unpacked for it."""
        with self._clear_errors():
            table = self._file.read(columns=["key", "counts"])
        columns = (column.to_pylist() for column in table.columns)
        for row, (key, counts) in enumerate(zip(*columns, strict=True)):
            if counts and key != _NONE:
                yield key, row

    def line(self, row: int) -> tuple[bytes, bytes]:
        """Return key and line of a number."""
        number = next(number for number, end in enumerate(self._ends) if row < end)
        group = self._group(number)
        at = row - (self._ends[number - 1] if number else 0)
        key: bytes = group["key"][at].as_py()
        return key, _whole(key, group["line"][at].as_py())

    @cached_property
    def _ends(self) -> list[int]:
        metadata = self._file.metadata
        return list(accumulate(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)))

    def _group(self, number: int) -> pa.Table:
        if number not in self._unpacked:
            with self._clear_errors():
                self._unpacked[number] = self._file.read_row_group(number)
            if len(self._unpacked) > _KEPT:
                self._unpacked.popitem(last=False)
        self._unpacked.move_to_end(number)
        return self._unpacked[number]

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise UserError(
                f"{self._path}: the journal is broken ({str(error).splitlines()[0].rstrip('.')}), expected it whole; "
                "put a copy of it back, or move it away, and its answers are asked again."
            ) from None


def _whole(key: bytes, rest: bytes) -> bytes:
    """Return a line as it was written."""
    line = HEAD + key.hex().encode() + rest if rest.startswith(_BEHIND_KEY) else rest
    return STRUCK_OUT + line[1:] if key == _NONE else line
