"""What a server's answer means: a reply with a status, or trouble that is not the request's own.

Servers that speak the OpenAI protocol differ at its edges, so only what is needed is read, and nothing is taken for
granted. Where a case names a server, that is where it was reported. Bodies are cleaned as they are read (`cleaning`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from personas.core.cleaning import Unreadable, one_line, parse_json, start
from personas.engines.http.endings import ending, word_of
from personas.engines.http.message import NoText, content_of
from personas.engines.http.rejections import error_of_choice, error_of_success, told_in
from personas.engines.http.trouble import Failing, Refusing, Trouble
from personas.engines.request import Reply, count_of


def completion(data: bytes, seconds: float, max_tokens: int, secret: str | None = None) -> Reply | Trouble:
    """Read the body of a successful response. What is no completion (a page, half an object) is trouble.

    `secret` is the key, which appears in nothing that is made of the body.
    """
    try:
        body = parse_json(data, secret)
    except Unreadable as error:
        return Failing(f"sent no completion but something else: {error}")
    if isinstance(body, dict) and (raw_error := told_in(body)) is not None:
        return error_of_success(raw_error)
    if not isinstance(body, dict) or not ("choices" in body or body.get("object") == "chat.completion"):
        return Failing(f"sent no completion but something else: {start(data, secret)}")
    return _reply(body, seconds, max_tokens)


def as_read_today(reply: Reply) -> Reply | None:
    """Return a kept reply as it would be read today; None where it is to be asked again.

    Earlier versions took an answer for whole whatever its ending, `length` and `content_filter` apart.
    """
    how = ending(reply.finish_reason)
    if reply.status != "ok" or how == "whole":
        return reply
    if how == "cut":
        return replace(reply, status="truncated")
    if how == "filtered":
        return replace(
            reply, status="blocked", text=None, detail=f"stopped by the server's filter ({reply.finish_reason})"
        )
    return None


def redirect(status: int, url: str, location: str) -> Refusing:
    """Say where a response with status 3xx sends us. Followed, each request would go over the network twice."""
    place = one_line(location) or "no address"
    return Refusing(f"HTTP {status}: {url} sends us to {place}; name that place in base_url")


def _reply(body: Mapping[str, Any], seconds: float, max_tokens: int) -> Reply | Trouble:
    fields: dict[str, Any] = {
        **_usage(body),
        "seconds": round(seconds, 4),
        "served_by": _name(body, "system_fingerprint"),
        "served_model": _name(body, "model"),
    }
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return Reply("empty", detail="the server returned no choice", **fields)
    finish = word_of(choice)
    finish = one_line(finish, 100) if finish else None
    how = ending(finish)
    if (error := told_in(choice)) is not None:
        return error_of_choice(error, fields)
    if how == "broken off":
        return Failing(f"broke off ({finish})")
    fields["finish_reason"] = finish
    if how == "filtered":
        # Gemini says "content_filter: PROHIBITED_CONTENT" and leaves the message out.
        return Reply("blocked", detail=f"stopped by the server's filter ({finish})", **fields)
    message = choice.get("message")
    if not isinstance(message, dict):
        return Reply("empty", detail="the server returned no message", **fields)
    return _from_message(message, fields, max_tokens)


def _from_message(message: Mapping[str, Any], fields: Mapping[str, Any], max_tokens: int) -> Reply:
    try:
        text, reasoning = content_of(message)
    except NoText as error:
        return Reply("api_error", detail=one_line(f"the content is no text but {error}", 200), **fields)
    fields, finish = {**fields, "reasoning": reasoning}, fields["finish_reason"]
    how, tokens = ending(finish), fields["completion_tokens"]
    if refusal := _text(message, "refusal"):
        return Reply("refused", text=refusal, **fields)
    odd = f"the server ended the answer as {finish}" if how == "unknown" else None
    if not (text or "").strip():
        return Reply("empty", text=text, detail=odd, **fields)
    if odd:
        return Reply("api_error", detail=f"{odd}, which may mean anything", **fields)
    if how == "cut":
        full = tokens is not None and tokens < max_tokens
        detail = "the context was full before max_tokens" if full else None
        return Reply("truncated", text=text, detail=detail, **fields)
    if finish is None and tokens is not None and tokens >= max_tokens:
        return Reply(
            "truncated", text=text, detail="as many tokens as were allowed, and no word how it ended", **fields
        )
    return Reply("ok", text=text, **fields)


def _usage(body: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the token counts that a completion tells; None for each that it does not."""
    usage = _mapping(body, "usage")
    return {
        "prompt_tokens": count_of(usage.get("prompt_tokens")),
        "completion_tokens": count_of(usage.get("completion_tokens")),
        "cached_tokens": count_of(_mapping(usage, "prompt_tokens_details").get("cached_tokens")),
    }


def _mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _text(holder: Mapping[str, Any], key: str) -> str | None:
    value = holder.get(key)
    return value if isinstance(value, str) and value else None


def _name(holder: Mapping[str, Any], key: str) -> str | None:
    return one_line(_text(holder, key) or "", 200) or None
