"""One request to a model and its reply, independent of engine and address."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from scripts.grid.canonical import sha256

Status = Literal["ok", "refused", "truncated", "empty", "context_overflow", "blocked", "api_error", "judge_unparsed"]
STATUSES: tuple[Status, ...] = get_args(Status)

WITH_TEXT: frozenset[Status] = frozenset({"ok", "truncated", "refused", "empty"})
"""Statuses of an answer that the model really gave, so that a dialogue can go on after it."""


@dataclass(frozen=True)
class Request:
    """What is asked. `model` names who is asked (id, revision, engine, weights), without host or port."""

    model: Mapping[str, Any]
    messages: Sequence[Mapping[str, str]]
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    template_arguments: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """SHA-256 of the canonical request: 64 hex digits."""
        return sha256(
            {
                "model": self.model,
                "messages": self.messages,
                "temperature": self.temperature,
                "top_p": self.top_p,
                "max_tokens": self.max_tokens,
                "seed": self.seed,
                "template_arguments": self.template_arguments,
            }
        )


@dataclass(frozen=True)
class Reply:
    """What came back. `text` is None unless the model gave one; token counts are the server's, None if untold.

    `seconds` is the time from sending to the whole reply.
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

    def to_json(self) -> dict[str, Any]:
        """Return the reply as plain JSON types, without what is unknown."""
        return {key: value for key, value in asdict(self).items() if value is not None}
