"""A file is there whole or not at all, for whoever reads it and after a power cut."""

import os
from pathlib import Path

import pytest

from scripts.files import write_atomically


def test_who_reads_the_old_file_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    write_atomically(path, b"the old content")
    with path.open("rb") as reader:
        beginning = reader.read(4)
        write_atomically(path, lambda place: Path(place).write_text("new") and None)
        assert beginning + reader.read() == b"the old content"
    assert path.read_text() == "new" and list(path.parent.iterdir()) == [path]


def test_what_gets_its_name_is_on_disk_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, synced, replaced = list[str](), os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("synced"), synced(handle)))
    monkeypatch.setattr(os, "replace", lambda old, new: (done.append("named"), replaced(old, new)))
    write_atomically(tmp_path / "file", b"content")
    assert done == ["synced", "named"]
