"""The journal: every finished request, the only durable thing.

`journal/<model>/<batch>-<host>-<pid>.jsonl`: one writer a file, one line a request, fsync before a request
counts as finished. A line starts with its key, so that an index needs no JSON parsing:
`{"key":"<64 hex digits>","reply":{...}}`. Other programs write lines in other ways (blanks, another order,
CRLF, no end of the last): whole JSON with a key is a line all the same. Finished journals are packed into one file.
"""

import asyncio
import contextlib
import errno
import os
import socket
from pathlib import Path
from types import TracebackType

import orjson

from personas.engines.request import Reply
from personas.requests.journal_lines import answer_in, is_packed, journal_files, key_of, offsets
from personas.requests.packed_journal import HEAD, PackedJournal

_SHORT = 16
"""Bytes of a key that the index keeps: enough to tell keys apart, and half the memory; `get` compares the whole."""

_OFFSET_BITS = 44


class JournalIndex:
    """Where the answers in all journals of a model stand. Reading it opens every file below `folder` once.

    A place is one whole number, the number of the file above the offset in it: a batch may hold a million of them.
    Where a request has several lines the first that can be read counts, so the places of the others are kept too.
    """

    def __init__(self, folder: Path) -> None:
        self._where: dict[bytes, int] = {}
        self._repeats: dict[bytes, list[int]] = {}
        self._paths: list[Path] = []
        self._packed: dict[Path, PackedJournal] = {}
        for path in journal_files(folder):
            for key, offset in offsets(path):
                self.put(key, path, offset)

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, key: bytes) -> bool:
        return key[-_SHORT:] in self._where

    def _place(self, path: Path, offset: int) -> int:
        if not self._paths or self._paths[-1] != path:
            self._paths.append(path)
        return (len(self._paths) - 1) << _OFFSET_BITS | offset

    def put(self, key: bytes, path: Path, offset: int) -> None:
        """Note where an answer stands; those that were noted before it come first."""
        short, place = key[-_SHORT:], self._place(path, offset)
        if self._where.setdefault(short, place) != place:
            self._repeats.setdefault(short, []).append(place)

    def get(self, key: str) -> Reply | None:
        """Return the reply to a finished request, or None."""
        key_bytes = bytes.fromhex(key)
        short = key_bytes[-_SHORT:]
        if short not in self._where:
            return None
        places = (self._where[short], *self._repeats.get(short, ()))
        return next((reply for place in places if (reply := self._read(place, key_bytes)) is not None), None)

    def _read(self, place: int, expected: bytes) -> Reply | None:
        path, offset = self._paths[place >> _OFFSET_BITS], place & (1 << _OFFSET_BITS) - 1
        # `personas gc` or `forget` may rewrite journals while a plan, which holds no lease, looks into them.
        with contextlib.suppress(FileNotFoundError):
            key, line = self._packed_line(path, offset) if is_packed(path) else _line_at(path, offset)
            return answer_in(line) if key == expected else None
        return None

    def _packed_line(self, path: Path, row: int) -> tuple[bytes, bytes]:
        if path not in self._packed:
            self._packed[path] = PackedJournal(path)
        return self._packed[path].line(row)


def _line_at(path: Path, offset: int) -> tuple[bytes | None, bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        line = file.readline()
        return key_of(line), line


class Journal:
    """Reads all journals of a model, and appends to one of its own."""

    def __init__(self, folder: Path, writer: str) -> None:
        self._folder = folder
        self._writer = writer
        self._index: JournalIndex | None = None
        self._handle: int | None = None
        self._path: Path | None = None
        self._size = 0
        self._waiting: list[tuple[bytes, bytes, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._flusher: asyncio.Task[None] | None = None
        self._closing = False

    async def __aenter__(self) -> "Journal":
        self._index = JournalIndex(self._folder)
        self._flusher = asyncio.create_task(self._flush_forever())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._wake.set()
        if self._flusher:
            await self._flusher  # not cancelled: it writes what waits, also when the batch was
        if self._handle is not None:
            os.close(self._handle)

    def __len__(self) -> int:
        return 0 if self._index is None else len(self._index)

    def get(self, key: str) -> Reply | None:
        """Return the reply to a finished request, or None."""
        return None if self._index is None else self._index.get(key)

    async def append(self, key: str, reply: Reply) -> None:
        """Write a finished request; returns once it is on disk. OSError when the disk refuses it."""
        line = b'%s%s","reply":%s}\n' % (HEAD, key.encode(), orjson.dumps(reply.to_json()))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((bytes.fromhex(key), line, future))
        self._wake.set()
        await future

    async def _flush_forever(self) -> None:
        while self._waiting or not self._closing:
            await self._wake.wait()
            self._wake.clear()
            if self._waiting:
                await self._flush()

    async def _flush(self) -> None:
        """Write what waits as one group: one fsync for all that finished since the last.

        In a thread: an fsync takes milliseconds, in which the batch would neither send nor read.
        """
        group, self._waiting = self._waiting, []
        try:
            path, start, failure = await asyncio.to_thread(self._append, b"".join(line for _, line, _ in group))
        except OSError as error:
            for _, _, future in group:
                _fail(future, error)
            return
        for key, line, future in group:
            if failure is not None and start + len(line) > self._size:
                _fail(future, failure)
                continue
            if self._index is not None:
                self._index.put(key, path, start)
            start += len(line)
            if not future.done():
                future.set_result(None)

    def _append(self, data: bytes) -> tuple[Path, int, OSError | None]:
        """Write lines, and return where they begin and what kept the last of them out.

        OSError where the journal is not there any more: somebody cleans up, or moves the results. Nothing that was
        paid for is lost by it, so the lines go into a new file first.

        A full disk takes some lines and half of one: the half is taken back, the whole ones are as finished as any.
        """
        handle, path = self._open()
        if not _leads_to(path, handle):
            self._handle, self._size = None, 0
            os.close(handle)
            self._append(data)
            raise FileNotFoundError(
                errno.ENOENT,
                "removed or moved while a batch writes to it; a new file there holds the newest answers",
                str(path),
            )
        start, n_written, failure = self._size, 0, None
        try:
            while n_written < len(data):
                n_written += os.write(handle, memoryview(data)[n_written:])
        except OSError as error:
            error.filename, failure = str(path), error
            n_written = data.rfind(b"\n", 0, n_written) + 1
            os.ftruncate(handle, start + n_written)
        try:
            os.fsync(handle)
        except OSError as error:
            error.filename = str(path)
            os.ftruncate(handle, start)  # nobody knows what of it is on the disk
            raise
        self._size += n_written
        return path, start, failure

    def _open(self) -> tuple[int, Path]:
        if self._handle is None or self._path is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            stem = f"{self._writer}-{socket.gethostname()}-{os.getpid()}"
            for attempt in range(1000):  # process ids come round again
                path = self._folder / (f"{stem}.jsonl" if attempt == 0 else f"{stem}-{attempt}.jsonl")
                with contextlib.suppress(FileExistsError):
                    self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
                    self._path = path
                    break
            else:
                raise FileExistsError(f"{self._folder}: no free name for a journal of {stem}")
        return self._handle, self._path


def _leads_to(path: Path, handle: int) -> bool:
    """Tell whether a path still names the open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False


def _fail(future: asyncio.Future[None], error: OSError) -> None:
    if not future.done():
        future.set_exception(error)
