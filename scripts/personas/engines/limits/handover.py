"""What batches of one limited endpoint hand on to the next: what they asked in their last minute.

It stands in the locked file of their turn. A batch that is killed leaves it without a word: then the minute counts as
used up.
"""

import contextlib
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from personas.engines.limits.gate import Window

logger = logging.getLogger(__name__)

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_UNDER_WAY = b"{}"


@contextlib.contextmanager
def handing_on(handle: int, windows: Mapping[str, Window], slug: str) -> Iterator[None]:
    """Fill the windows by what the batches before took, and hand on what stands in them at the end.

    `handle` is the locked file. Whatever is not told in it counts as a minute used up.
    """
    _count(os.pread(handle, os.fstat(handle).st_size, 0), windows)
    _write(handle, _UNDER_WAY, slug)
    try:
        yield
    finally:
        usages = {name: window.usage() for name, window in windows.items()}
        _write(handle, json.dumps({"boot": _boot(), "at": time.monotonic(), **usages}).encode(), slug)


def _count(text: bytes, windows: Mapping[str, Window]) -> None:
    if not text:
        return  # nobody asked before
    record = {}
    with contextlib.suppress(ValueError):  # the disk was full, or a kill came between
        record = json.loads(text)
    # The clock that nobody sets counts from the start of the machine. Of another machine's we know nothing.
    is_ours = "boot" in record and record["boot"] == _boot() is not None
    ago = max(0.0, time.monotonic() - record["at"]) if is_ours else 0.0
    for name, window in windows.items():
        window.count_others(record.get(name), ago)


def _write(handle: int, text: bytes, slug: str) -> None:
    """Put a text in the place of the file's; what is written by half is no JSON, and so tells nothing."""
    try:
        os.pwrite(handle, text, 0)
        os.ftruncate(handle, len(text))
    except OSError as error:
        logger.warning(
            "%s: its limits cannot be handed on to the next batch (%s); that may exceed them for a minute.",
            slug,
            error.strerror,
        )


def _boot() -> str | None:
    """Return what marks this start of this machine; None where the system does not tell."""
    with contextlib.suppress(OSError):
        return _BOOT.read_text(encoding="ascii").strip()
    return None
