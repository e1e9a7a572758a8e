"""Download one large file into the cache: goes on where it was cut off, and checks the content's hash."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from httpx2 import RemoteProtocolError
from huggingface_hub import get_session
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

_TIMEOUT = 30.0


def part_file(blob: Path) -> Path:
    """Return where the part of a file that is here already lies; its name is that of huggingface_hub before 1.18."""
    return blob.with_name(f"{blob.name}.incomplete")


def part_size(blob: Path) -> int:
    """Return how many bytes of a file are here already."""
    with contextlib.suppress(OSError):
        return part_file(blob).stat().st_size
    return 0


def go_on(address: str, token: str | bool, blob: Path, size: int, advance: Callable[[int], None]) -> None:
    """Append to the unfinished file what is missing of `size` bytes; `advance` is told of bytes, also of lost ones.

    huggingface_hub itself starts a file anew after a kill, since two writers on one file cannot be excluded on file
    systems without locks. Here the hash excludes it (`finish`).
    """
    with part_file(blob).open("ab") as file:
        there = file.tell()
        if there > size:
            file.truncate(0)
            advance(-there)
            there = 0
        if there == size:
            return
        headers = build_hf_headers(token=token) | {"Accept-Encoding": "identity", "Range": f"bytes={there}-"}
        with get_session().stream("GET", address, headers=headers, timeout=_TIMEOUT) as response:
            hf_raise_for_status(response)
            if response.status_code != 206 and there:  # a server that knows no ranges begins at the beginning
                file.truncate(0)
                advance(-there)
            for part in response.iter_bytes():  # as they come: parts of a fixed size lose one when cut
                file.write(part)
                advance(len(part))
        if file.tell() < size:
            raise RemoteProtocolError("the answer ended early")


def finish(blob: Path, sha256: str | None) -> bool:
    """Give a file its name if its hash is right; else remove it. Tell which."""
    part = part_file(blob)
    with part.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    if actual != sha256:
        part.unlink()
        return False
    part.replace(blob)
    return True


def link(blob: Path, file: Path) -> None:
    """Make `file` of a snapshot a link to its content, or the content itself where there are no links."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)  # a link that leads nowhere
    try:
        file.symlink_to(os.path.relpath(blob, file.parent))
    except OSError:
        blob.replace(file)
