"""What a server's answer means: a reply with a status, or trouble that is not the request's own.

Servers that speak the OpenAI protocol differ at its edges, so only what is needed is read, and nothing is taken for
granted. Where a case names a server, that is where it was reported. Bodies are cleaned as they are read (`cleaning`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from personas.core.cleaning import Unreadable, one_line, parsed, start
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
        body = parsed(data, secret)
    except Unreadable as error:
        return Failing(f"sent no completion but something else: {error}")
    if isinstance(body, dict) and (told := told_in(body)) is not None:
        return error_of_success(told)
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


def moved(status: int, url: str, location: str) -> Refusing:
    """Say where a response with status 3xx sends us. Followed, each request would go over the network twice."""
    place = one_line(location) or "no address"
    return Refusing(f"HTTP {status}: {url} sends us to {place}; name that place in base_url")


def _reply(body: Mapping[str, Any], seconds: float, max_tokens: int) -> Reply | Trouble:
    known: dict[str, Any] = {
        **_usage(body),
        "seconds": round(seconds, 4),
        "served_by": _name(body, "system_fingerprint"),
        "served_model": _name(body, "model"),
    }
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return Reply("empty", detail="the server returned no choice", **known)
    finish = word_of(choice)
    finish = one_line(finish, 100) if finish else None
    how = ending(finish)
    if (error := told_in(choice)) is not None:
        return error_of_choice(error, known)
    if how == "broken off":
        return Failing(f"broke off ({finish})")
    known["finish_reason"] = finish
    if how == "filtered":
        # Gemini says "content_filter: PROHIBITED_CONTENT" and leaves the message out.
        return Reply("blocked", detail=f"stopped by the server's filter ({finish})", **known)
    message = choice.get("message")
    if not isinstance(message, dict):
        return Reply("empty", detail="the server returned no message", **known)
    return _from_message(message, known, max_tokens)


def _from_message(message: Mapping[str, Any], known: Mapping[str, Any], max_tokens: int) -> Reply:
    try:
        text, reasoning = content_of(message)
    except NoText as error:
        return Reply("api_error", detail=one_line(f"the content is no text but {error}", 200), **known)
    known, finish = {**known, "reasoning": reasoning}, known["finish_reason"]
    how, taken = ending(finish), known["completion_tokens"]
    if refusal := _text(message, "refusal"):
        return Reply("refused", text=refusal, **known)
    odd = f"the server ended the answer as {finish}" if how == "unknown" else None
    if not (text or "").strip():
        return Reply("empty", text=text, detail=odd, **known)
    if odd:
        return Reply("api_error", detail=f"{odd}, which may mean anything", **known)
    if how == "cut":
        full = taken is not None and taken < max_tokens
        detail = "the context was full before max_tokens" if full else None
        return Reply("truncated", text=text, detail=detail, **known)
    if finish is None and taken is not None and taken >= max_tokens:
        return Reply(
            "truncated", text=text, detail="as many tokens as were allowed, and no word how it ended", **known
        )
    return Reply("ok", text=text, **known)


def _usage(body: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the token counts that a completion tells; None for each that it does not."""
    told = _mapping(body, "usage")
    return {
        "prompt_tokens": count_of(told.get("prompt_tokens")),
        "completion_tokens": count_of(told.get("completion_tokens")),
        "cached_tokens": count_of(_mapping(told, "prompt_tokens_details").get("cached_tokens")),
    }


def _mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _text(holder: Mapping[str, Any], key: str) -> str | None:
    value = holder.get(key)
    return value if isinstance(value, str) and value else None


def _name(holder: Mapping[str, Any], key: str) -> str | None:
    return one_line(_text(holder, key) or "", 200) or None
