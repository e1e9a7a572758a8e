"""The journal keeps every finished request, whatever breaks in between."""

import asyncio
import errno
import json
import os
from pathlib import Path

import pytest

from personas.engines.request import Reply
from personas.requests.journal import Journal
from personas.requests.journal_lines import finished_keys

KEYS = [f"{number:064x}" for number in range(300)]


def reply(text: str) -> Reply:
    return Reply("ok", text=text, prompt_tokens=3, seconds=0.5)


async def write(folder: Path, *texts: str, first: int = 0, writer: str = "b") -> None:
    async with Journal(folder, writer) as journal:
        for key, text in zip(KEYS[first:], texts, strict=False):
            await journal.append(key, reply(text))


async def texts(folder: Path, count: int = 5) -> list[str | None]:
    async with Journal(folder, "reader") as journal:
        found = [journal.get(key) for key in KEYS[:count]]
        return [one.text if one else None for one in found]


def only_file(folder: Path) -> Path:
    [path] = folder.glob("*.jsonl")
    return path


async def test_what_was_appended_is_there_at_once_and_later(tmp_path: Path) -> None:
    async with Journal(tmp_path, "b") as journal:
        assert journal.get(KEYS[0]) is None
        await journal.append(KEYS[0], reply("one"))
        assert (journal.get(KEYS[0]), len(journal)) == (reply("one"), 1)
    assert await texts(tmp_path, 2) == ["one", None]


async def test_a_reply_comes_back_whole(tmp_path: Path) -> None:
    full = Reply("truncated", "t\n\u2028", "r", "length", "d", 1, 2, 3, 0.25, "s")
    async with Journal(tmp_path, "b") as journal:
        await journal.append(KEYS[0], full)
        await journal.append(KEYS[1], Reply("api_error"))
        assert [journal.get(KEYS[0]), journal.get(KEYS[1])] == [full, Reply("api_error")]


async def test_a_journal_that_only_reads_leaves_no_file(tmp_path: Path) -> None:
    async with Journal(tmp_path / "none", "b") as journal:
        assert journal.get(KEYS[0]) is None
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param(["ünï", "日本語 😀", "end"], id="non-ASCII"),
        pytest.param(["a\nb\r\nc", "\u2028\u2029\x85", "end"], id="line breaks"),
        pytest.param(['"},{"key":"', "\\", "end"], id="quotes"),
        pytest.param(["x" * 200_000, "", "end"], id="long and empty"),
    ],
)
async def test_offsets_are_right_for(tmp_path: Path, strange: list[str]) -> None:
    async with Journal(tmp_path, "b") as journal:
        await asyncio.gather(*(journal.append(k, reply(t)) for k, t in zip(KEYS, strange, strict=False)))
        assert [getattr(journal.get(key), "text", None) for key in KEYS[:3]] == strange
    assert await texts(tmp_path, 3) == strange


@pytest.mark.parametrize("kept", [1, 40, 75, -2], ids=["one byte", "half a key", "half a reply", "all but its end"])
async def test_a_torn_last_line_is_as_if_it_never_was(tmp_path: Path, kept: int) -> None:
    await write(tmp_path, "one", "two")
    path = only_file(tmp_path)
    whole, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(whole + last[:kept])
    assert await texts(tmp_path, 2) == ["one", None]
    await write(tmp_path, "two again", first=1)
    assert await texts(tmp_path, 2) == ["one", "two again"]


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00" * 4096, id="zeros"),
        pytest.param(os.urandom(4096), id="random"),
        pytest.param(b"\n\n{}\n[]\nnull\n", id="other JSON"),
        pytest.param(b'{"key":"abc"}\n', id="short key"),
        pytest.param(b'{"key":"' + b"z" * 64 + b'","reply":{"status":"ok"}}\n', id="key that is not hex"),
    ],
)
async def test_garbage_is_skipped(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "a.jsonl").write_bytes(garbage)
    await write(tmp_path, "one")
    assert await texts(tmp_path, 2) == ["one", None]


async def test_lines_after_garbage_count(tmp_path: Path) -> None:
    await write(tmp_path, "one", "two")
    path = only_file(tmp_path)
    path.write_bytes(b"\xff\xfe garbage\n" + path.read_bytes())
    assert await texts(tmp_path, 2) == ["one", "two"]


async def test_appends_side_by_side_keep_their_order_and_share_fsyncs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    async with Journal(tmp_path, "b") as journal:
        await asyncio.gather(*(journal.append(key, reply(key[-3:])) for key in KEYS))
        assert journal.get(KEYS[-1]) == reply(KEYS[-1][-3:])
    assert finished_keys(tmp_path) == KEYS
    assert 1 <= len(synced) < 10


async def test_every_append_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    async with Journal(tmp_path, "b") as journal:
        for number, key in enumerate(KEYS[:4], start=1):
            await journal.append(key, reply("x"))
            assert len(finished_keys(tmp_path)) == number


async def test_files_of_two_writers_are_read_together(tmp_path: Path) -> None:
    await write(tmp_path, "one", writer="batch-1")
    await write(tmp_path, "two", first=1, writer="batch-2")
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    assert await texts(tmp_path, 3) == ["one", "two", None]


async def test_two_writers_at_once_have_a_file_each(tmp_path: Path) -> None:
    async with Journal(tmp_path, "b") as one, Journal(tmp_path, "b") as other:
        await asyncio.gather(one.append(KEYS[0], reply("one")), other.append(KEYS[1], reply("two")))
    assert sorted(len(path.read_bytes().splitlines()) for path in tmp_path.glob("*.jsonl")) == [1, 1]
    assert await texts(tmp_path, 2) == ["one", "two"]


async def test_the_same_process_id_gives_a_new_file(tmp_path: Path) -> None:
    await write(tmp_path, "one")
    before = only_file(tmp_path).read_bytes()
    await write(tmp_path, "two", first=1)
    names = sorted(path.name for path in tmp_path.glob("*.jsonl"))
    assert len(names) == 2 and f"-{os.getpid()}-1.jsonl" in names[0] + names[1]
    assert before in [path.read_bytes() for path in tmp_path.glob("*.jsonl")]
    assert await texts(tmp_path, 2) == ["one", "two"]


async def test_a_full_disk_takes_half_a_line_back_and_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Journal(tmp_path, "b") as journal:
        await journal.append(KEYS[0], reply("one"))
        before, written = only_file(tmp_path).read_bytes(), os.write

        def full(handle: int, data: bytes) -> int:
            if len(data) > 20:
                return written(handle, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            await journal.append(KEYS[1], reply("two"))
        assert only_file(tmp_path).read_bytes() == before
        assert (journal.get(KEYS[1]), len(journal)) == (None, 1)
        monkeypatch.undo()
        await journal.append(KEYS[2], reply("three"))
        assert journal.get(KEYS[2]) == reply("three")
    assert await texts(tmp_path, 3) == ["one", None, "three"]


async def test_a_full_disk_keeps_the_lines_that_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Journal(tmp_path, "b") as journal:
        await journal.append(KEYS[0], reply("one"))
        size, written = only_file(tmp_path).stat().st_size, os.write
        room = iter([int(2.5 * size)])

        def full(handle: int, data: bytes) -> int:
            try:
                return written(handle, data[: next(room)])
            except StopIteration:
                raise OSError(errno.ENOSPC, "No space left on device") from None

        monkeypatch.setattr(os, "write", full)
        group = [journal.append(key, reply("two")) for key in KEYS[1:5]]  # one group, four lines, room for two
        ended = await asyncio.gather(*group, return_exceptions=True)
        assert [type(end) for end in ended] == [type(None)] * 2 + [OSError] * 2
        assert [journal.get(key) for key in KEYS[1:5]] == [reply("two")] * 2 + [None] * 2
        monkeypatch.undo()
        await journal.append(KEYS[3], reply("three"))
    assert finished_keys(tmp_path) == KEYS[:4]
    assert await texts(tmp_path, 5) == ["one", "two", "two", "three", None]


@pytest.mark.parametrize("how", ["removed", "moved", "replaced"])
async def test_a_journal_that_is_gone_is_noticed_and_the_answer_kept(tmp_path: Path, how: str) -> None:
    async with Journal(tmp_path, "b") as journal:
        await journal.append(KEYS[0], reply("one"))
        path = only_file(tmp_path)
        if how == "removed":
            path.unlink()
        else:
            path.rename(tmp_path / "elsewhere")
        if how == "replaced":
            path.write_bytes((tmp_path / "elsewhere").read_bytes())
        with pytest.raises(FileNotFoundError, match="removed or moved while a batch writes to it") as caught:
            await journal.append(KEYS[1], reply("two"))
        assert str(path) in str(caught.value)
        await journal.append(KEYS[2], reply("three"))
    assert (await texts(tmp_path, 3))[1:] == ["two", "three"]


async def test_what_waits_is_written_when_the_batch_is_cancelled(tmp_path: Path) -> None:
    async with Journal(tmp_path, "b") as journal:
        appending = [asyncio.create_task(journal.append(key, reply("x"))) for key in KEYS[:3]]
        await asyncio.sleep(0)
        for task in appending:
            task.cancel()
    assert finished_keys(tmp_path) == KEYS[:3]


async def test_a_line_is_json(tmp_path: Path) -> None:
    await write(tmp_path, "ü")
    line = json.loads(only_file(tmp_path).read_text(encoding="utf-8"))
    assert line == {"key": KEYS[0], "reply": reply("ü").to_json()}
