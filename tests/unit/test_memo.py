"""Values that are kept from one process to the next."""

from pathlib import Path

import pytest

from personas.core.memo import remember


class Work:
    """Work that counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> list[int]:
        self.done += 1
        return [1, 2]


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path / "caches/personas"


def test_a_value_is_worked_out_once_for_each_key(caches: Path) -> None:
    work = Work()
    assert [remember("sum", key, work) for key in (b"a", b"a", b"b", b"a")] == [[1, 2]] * 4
    assert work.done == 2 and len(list(caches.iterdir())) == 2
    assert remember("product", b"a", work) == [1, 2] and work.done == 3


@pytest.mark.parametrize("content", [b"", b"[1, ", b"\xff\xfe"])
def test_a_broken_file_is_written_anew(caches: Path, content: bytes) -> None:
    work = Work()
    remember("sum", b"a", work)
    (file,) = caches.iterdir()
    file.write_bytes(content)
    assert remember("sum", b"a", work) == remember("sum", b"a", work) == [1, 2]
    assert work.done == 2


def test_without_a_folder_it_only_takes_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    work = Work()
    assert remember("sum", b"a", work) == remember("sum", b"a", work) == [1, 2]
    assert work.done == 2


def test_a_relative_folder_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    remember("sum", b"a", Work())
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
