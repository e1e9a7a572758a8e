"""One request to a model and its reply, independent of engine and address."""

import hashlib
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import orjson

from personas.core.canonical import canonical_json

Status = Literal[
    "ok",
    "refused",
    "truncated",
    "empty",
    "context_overflow",
    "blocked",
    "api_error",
    "cannot_tell",
    "judge_unparsed",
    "not_imported",
    "ended",
]
STATUSES: tuple[Status, ...] = get_args(Status)

WITH_TEXT: frozenset[Status] = frozenset({"ok", "truncated", "refused", "empty"})
"""Statuses of an answer that the model really gave, so that a dialogue can go on after it."""


CHARACTERS_PER_MESSAGE = 16
"""What the chat template adds to a message, as characters: role names and separators."""

TOKENS_PER_CHARACTER = 0.25
"""Stated default: English text in the vocabulary of a current model."""

# Messages, sampling and template arguments stand in a request by themselves.
_NOT_IN_REQUEST_IDENTITY = frozenset({"sampling", "system_role", "thinking"})


def request_identity(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a request's key says of the model that is asked, from the model's part of a cell's spec."""
    return {key: value for key, value in model.items() if key not in _NOT_IN_REQUEST_IDENTITY}


@dataclass(frozen=True)
class Request:
    """What is asked. `model` names who is asked (id, revision, engine, weights), without host or port.

    `enforced` holds the fields, as the server takes them, that bind the form of the answer.
    `what` (`Cell.what`) and `before` (rounds that stand before the last message) say where in the grid a request
    belongs, `by` names another model than the batch's, which is asked. They are no part of the key.
    """

    model: Mapping[str, Any]
    messages: Sequence[Mapping[str, str]]
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    template_arguments: Mapping[str, Any]
    enforced: Mapping[str, Any] = field(default_factory=dict)
    effort: str | None = None
    what: str = ""
    before: int = 0
    by: str | None = None

    @cached_property
    def key(self) -> str:
        """SHA-256 of the canonical request: 64 hex digits."""
        head, rest = _frame(self)
        return hashlib.sha256(head + _list_items(self.messages) + rest).hexdigest()

    def around(self) -> dict[str, Any]:
        """Return what the key holds besides the messages. Form of output and effort only where asked for."""
        return {
            **self.enforced,
            "model": self.model,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "template_arguments": self.template_arguments,
            **({} if self.effort is None else {"effort": self.effort}),
        }


def _frame(request: Request) -> tuple[bytes, bytes]:
    """Return the canonical JSON of a request in front of its messages, and behind them."""
    head, _, rest = canonical_json({"messages": [], **request.around()}).partition('"messages":[')
    return f'{head}"messages":['.encode(), rest.encode()


def _list_items(messages: Sequence[Mapping[str, str]]) -> bytes:
    """Return the canonical JSON of messages as they stand in their list.

    They are nothing but text, which `orjson` writes as the standard library does, at a twentieth of the time.
    """
    return orjson.dumps(messages, option=orjson.OPT_SORT_KEYS)[1:-1]


class KeysBehind:
    """Keys of requests behind one growing dialogue, without hashing the dialogue again for each of them.

    A dialogue of 100 rounds has thousands of items behind it; their whole texts would be gigabytes to hash.
    """

    def __init__(self, first: Request, prefix: str = "") -> None:
        """Take the opening and all settings from `first`, the request of round 1, whose turn begins with `prefix`."""
        head, self._rest = _frame(first)
        self._prefix = prefix
        opening = _list_items(first.messages[:-1])
        self._comma = b"," if opening else b""
        self._state = hashlib.sha256(head + opening)

    def key(self, turn: str) -> bytes:
        """Return the 32 bytes of the key of the request whose last message is the user turn `turn`."""
        hashed = self._state.copy()
        hashed.update(self._comma + _list_items([{"role": "user", "content": self._prefix + turn}]) + self._rest)
        return hashed.digest()

    def grow(self, turn: str, answer: str) -> None:
        """Add a round to the dialogue."""
        messages = [{"role": "user", "content": self._prefix + turn}, {"role": "assistant", "content": answer}]
        self._prefix = ""
        self._state.update(self._comma + _list_items(messages))
        self._comma = b","


@dataclass(frozen=True)
class Reply:
    """What came back. `text` is None unless the model gave one; token counts are the server's, None if untold.

    `seconds` is the time from sending to the whole reply. `served_by` and `served_model` are what the server calls
    its build and the model that answered.
    """

    status: Status
    text: str | None = None
    reasoning: str | None = None
    finish_reason: str | None = None
    detail: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    seconds: float | None = None
    served_by: str | None = None
    served_model: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the reply as plain JSON types, without what is unknown."""
        return {key: value for key, value in vars(self).items() if value is not None}


_HAS_TEXT: frozenset[Status] = frozenset({"ok", "truncated", "refused"})
_COUNTS = frozenset({"prompt_tokens", "completion_tokens", "cached_tokens"})
MOST_TOKENS = 10**9
"""A count of tokens above it is none: no model reads or writes as much."""


def reply_from(raw: Any) -> Reply:
    """Return the reply that `to_json` wrote, without fields of later versions; ValueError where it is none.

    Counts that are none (less than nothing, of earlier versions) are untold: they would lower what counts as spent.
    """
    if not isinstance(raw, dict) or raw.get("status") not in STATUSES:
        raise ValueError("no reply")
    fields = {name: value for name, value in raw.items() if name in Reply.__dataclass_fields__}
    for name in _COUNTS & fields.keys():
        fields[name] = count_of(fields[name])
    seconds = fields.pop("seconds", None)
    texts = {name: value for name, value in fields.items() if name not in _COUNTS}
    if any(value is not None and not isinstance(value, str) for value in texts.values()):
        raise ValueError("a text is none")
    if raw["status"] in _HAS_TEXT and fields.get("text") is None:
        raise ValueError("a later version keeps the text elsewhere")
    is_time = isinstance(seconds, int | float) and math.isfinite(seconds)
    return Reply(**fields, seconds=seconds if is_time else None)


def count_of(value: Any) -> int | None:
    """Return a count of tokens; None for what can be none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_TOKENS:
        return None
    return int(value) if value == int(value) else None


Ask = Callable[[Request], Awaitable[Reply]]
"""Sends a request, or finds its reply in the journal."""
