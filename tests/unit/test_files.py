"""A file is there whole or not at all, for whoever reads it and after a power cut."""

import os
from pathlib import Path

import pytest

from personas.core.files import write_atomically


def test_who_reads_the_old_file_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    write_atomically(path, b"the old content")
    with path.open("rb") as reader:
        beginning = reader.read(4)
        write_atomically(path, b"new")
        assert beginning + reader.read() == b"the old content"
    assert path.read_text() == "new" and list(path.parent.iterdir()) == [path]


def test_what_gets_its_name_is_on_disk_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, fsync, replace = list[str](), os.fsync, os.replace

    def sync(handle: int) -> None:
        done.append("synced")
        fsync(handle)

    def name(old: Path, new: Path) -> None:
        done.append("named")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", name)
    write_atomically(tmp_path / "file", b"content")
    assert done == ["synced", "named"]
