"""Canonical JSON and digests: the same meaning always gives the same 16 hex digits."""

import hashlib
import json
from typing import Any

DIGEST_LENGTH = 16


def canonical_json(value: Any) -> str:
    """Serialise plain JSON types with sorted keys and no spaces; ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def digest(value: Any) -> str:
    """Return the 16 hex digits that stand in a path."""
    return sha256(value)[:DIGEST_LENGTH]


def text_hash(text: str | None) -> str | None:
    """Return the SHA-256 of a text as 64 hex digits; None for None."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()
