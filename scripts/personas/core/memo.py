"""What takes long to work out and never changes, kept from one process to the next in the user's folder of caches."""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any


def remember(what: str, key: bytes, work_out: Callable[[], Any]) -> Any:
    """Return a value of plain JSON types that `key` decides, worked out only if no process of this user has done so.

    `key` holds all that the value depends on, the code that works it out among it. Where the folder cannot be read or
    written to, values are worked out anew: it only saves time, so nothing is flushed to the disk either.
    """
    path = _folder() / f"{what}-{hashlib.sha256(key).hexdigest()}.json"
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        value = work_out()
    temporary = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(value), encoding="utf-8")
        temporary.replace(path)
    return value


def _folder() -> Path:
    """Return the folder of the XDG base directory specification, relative paths in which do not count."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (caches if caches.is_absolute() else Path(os.environ.get("HOME") or "/", ".cache")) / "personas"
