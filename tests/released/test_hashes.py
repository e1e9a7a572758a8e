"""Released files are hashed once; a changed one again."""

import os
from pathlib import Path

import pytest

from personas.grid.release import hashes
from personas.grid.release.hashes import hash_files, sha256_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "release"
    made.mkdir()
    for name in ("a", "b"):
        (made / name).write_text(name)
        os.utime(made / name, (1e9, 1e9))
    return made


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    read: list[str] = []

    def count(path: Path) -> str:
        read.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(hashes, "sha256_of", count)
    return read


def test_what_is_remembered_is_not_read_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = counted(monkeypatch)
    first = hash_files(folder, ["a", "b"], tmp_path / "results")
    first.remember(folder, tmp_path / "results")
    assert sorted(read) == ["a", "b"]
    again = hash_files(folder, ["a", "b"], tmp_path / "results")
    assert again.of == first.of and len(read) == 2
    (folder / "a").write_text("c")
    os.utime(folder / "a", (2e9, 2e9))
    changed = hash_files(folder, ["a", "b"], tmp_path / "results")
    assert read[2:] == ["a"] and changed.of["a"] != first.of["a"] and changed.of["b"] == first.of["b"]


def test_a_file_of_this_moment_is_not_remembered(folder: Path, tmp_path: Path) -> None:
    """It may change again within the same tick of the clock, and look the same."""
    (folder / "a").write_text("new")
    assert set(hash_files(folder, ["a", "b"], tmp_path).seen) == {"b"}


def test_hashes_of_another_folder_count_for_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_files(folder, ["a"], tmp_path).remember(tmp_path / "other", tmp_path)
    read = counted(monkeypatch)
    hash_files(folder, ["a"], tmp_path)
    assert read == ["a"]


def test_a_damaged_memory_is_no_harm(folder: Path, tmp_path: Path) -> None:
    hash_files(folder, ["a"], tmp_path).remember(folder, tmp_path)
    (tmp_path / "released/hashes.json").write_text('{"folder": 1')
    assert hash_files(folder, ["a"], tmp_path).of["a"] == sha256_of(folder / "a")


def test_a_file_that_is_gone_is_told(folder: Path, tmp_path: Path) -> None:
    assert hash_files(folder, ["a", "gone"], tmp_path).unreadable == {"gone": "No such file or directory"}
