"""What was said: rounds of a dialogue and responses to items, as values and as Parquet tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from personas.core.canonical import text_hash
from personas.core.errors import UserError
from personas.engines.request import Reply
from personas.interventions.base import Exchange


@dataclass(frozen=True)
class Aside:
    """What an intervention asked the model behind a round, and what it answered."""

    user: str
    reply: Reply
    key: str


@dataclass(frozen=True)
class WrittenTurn:
    """The reply that a user turn is, of a user whom a model plays."""

    reply: Reply
    key: str


@dataclass(frozen=True)
class Round:
    """Round `number` (from 1): a user turn and its answer. `key` is None for a round that was not asked.

    `written` is there where a model wrote the user turn.
    """

    number: int
    user: str
    reply: Reply
    key: str | None
    aside: Aside | None = None
    written: WrittenTurn | None = None

    @cached_property
    def exchange(self) -> Exchange:
        """The round as an intervention sees it; every later prompt is made of it."""
        aside = (self.aside.user, self.aside.reply.text or "") if self.aside else None
        return Exchange(self.user, self.reply.text or "", aside)


@dataclass(frozen=True)
class Response:
    """The answer to an item behind the first `checkpoint` rounds. `key` is None if it was not asked."""

    checkpoint: int
    item: str
    prompt: str
    reply: Reply
    key: str | None


ANSWER = [
    ("answer", pa.string()),
    ("status", pa.string()),
    ("detail", pa.string()),
    ("reasoning", pa.string()),
    ("finish_reason", pa.string()),
    ("prompt_tokens", pa.int64()),
    ("completion_tokens", pa.int64()),
    ("cached_tokens", pa.int64()),
    ("seconds", pa.float64()),
    ("served_by", pa.string()),
    ("served_model", pa.string()),
    ("answer_sha256", pa.string()),
    ("request_key", pa.string()),
]
DIALOGUE_SCHEMA = pa.schema([("round", pa.int32()), ("user", pa.string()), *ANSWER])
ASIDE = pa.field("aside", pa.struct([("user", pa.string()), *ANSWER]))
"""A column of dialogues in which an intervention asked something: only they have it."""
WRITTEN = pa.field("user_reply", pa.struct(ANSWER))
"""A column of dialogues whose user turns a model wrote: the replies that they are."""
RESPONSE_SCHEMA = pa.schema([("checkpoint", pa.int32()), ("item_id", pa.string()), ("prompt", pa.string()), *ANSWER])


def dialogue_table(rounds: Sequence[Round]) -> pa.Table:
    """Return a dialogue as a table, one row a round."""
    rows = [
        {
            "round": r.number,
            "user": r.user,
            **answer_columns(r.reply, r.key),
            "aside": _aside_columns(r.aside),
            "user_reply": answer_columns(r.written.reply, r.written.key) if r.written else None,
        }
        for r in rounds
    ]
    schema = DIALOGUE_SCHEMA.append(ASIDE) if any(r.aside for r in rounds) else DIALOGUE_SCHEMA
    schema = schema.append(WRITTEN) if any(r.written for r in rounds) else schema
    return pa.Table.from_pylist(rows, schema=schema)


def _aside_columns(aside: Aside | None) -> dict[str, Any] | None:
    return {"user": aside.user, **answer_columns(aside.reply, aside.key)} if aside else None


def response_table(responses: Sequence[Response]) -> pa.Table:
    """Return responses as a table, one row an answer, by checkpoint and then in the order of the items."""
    rows = [
        {"checkpoint": r.checkpoint, "item_id": r.item, "prompt": r.prompt, **answer_columns(r.reply, r.key)}
        for r in responses
    ]
    return pa.Table.from_pylist(rows, schema=RESPONSE_SCHEMA)


def rounds_of(table: pa.Table) -> list[Round]:
    """Return the rounds that a dialogue table holds; UserError where a packed study left their user turns out."""
    require_texts(table, "user")
    return [
        Round(
            row["round"],
            row["user"],
            _reply(row),
            row["request_key"],
            _aside(row.get("aside")),
            _written_turn(row.get("user_reply")),
        )
        for row in table.to_pylist()
    ]


def _aside(row: Mapping[str, Any] | None) -> Aside | None:
    return Aside(row["user"], _reply(row), row["request_key"]) if row else None


def _written_turn(row: Mapping[str, Any] | None) -> WrittenTurn | None:
    return WrittenTurn(_reply(row), row["request_key"]) if row else None


def require_texts(table: pa.Table, column: str) -> None:
    """Raise UserError where texts of others were left out of a cell, so that nobody is asked with a gap."""
    if table.column(column).null_count:
        raise UserError(
            f"A packed study has no {column} of third-party texts, expected it where more is asked; "
            "go on where the study was packed, or make these cells anew (`personas forget`)."
        )


def answer_columns(reply: Reply, key: str | None) -> dict[str, Any]:
    """Return the columns of an answer; `key` is None if it was not asked."""
    return {
        "answer": reply.text,
        "status": reply.status,
        "detail": reply.detail,
        "reasoning": reply.reasoning,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "cached_tokens": reply.cached_tokens,
        "seconds": reply.seconds,
        "served_by": reply.served_by,
        "served_model": reply.served_model,
        "answer_sha256": text_hash(reply.text),
        "request_key": key,
    }


def _reply(row: Mapping[str, Any]) -> Reply:
    return Reply(
        status=row["status"],
        text=row["answer"],
        reasoning=row["reasoning"],
        finish_reason=row["finish_reason"],
        detail=row["detail"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        cached_tokens=row["cached_tokens"],
        seconds=row["seconds"],
        served_by=row.get("served_by"),  # not in files of earlier versions, nor is the next
        served_model=row.get("served_model"),
    )
