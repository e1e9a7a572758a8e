"""What a server's answer means: a reply with a status, or trouble that is not the request's own.

Servers that speak the OpenAI protocol differ at its edges, so only what is needed is read, and nothing is taken for
granted. Where a case names a server, that is where it was reported.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.engines.request import Reply, Status

_OVERFLOW = re.compile(
    r"context[ _](length|size|window)|maximum context|exceed_context|too (long|many tokens)|longer than the maximum"
    r"|token count.{0,40}exceeds the maximum",  # the last is Gemini's
    re.IGNORECASE,
)
_FILTERED = re.compile(r"content[ _]?filter|content management policy|safety|prohibited_content", re.IGNORECASE)
_REFUSES_ALL = re.compile(
    r"api[ _]key not valid|api_key_invalid|unknown name \"|unsupported_(parameter|value)"
    r"|unrecognized request argument",
    re.IGNORECASE,
)
"""In a 400, what would meet every request alike: Gemini's answer to a wrong key, and fields that a server lacks."""

_TRANSIENT = frozenset({408, 409, 425})
_OWN_FAULT = frozenset({400, 413, 422})
_STOPPED_BY_FILTER = frozenset({"safety", "recitation", "blocklist", "spii", "prohibited_content"})


@dataclass(frozen=True)
class Overloaded:
    """The server told us to wait, `wait` seconds if it said how long. `told` is what it said."""

    told: str
    wait: float | None = None


@dataclass(frozen=True)
class Failing:
    """The server, or the way to it, failed; the same request may well succeed. `told` goes on after "The server"."""

    told: str
    wait: float | None = None
    timed_out: bool = False


@dataclass(frozen=True)
class Refusing:
    """The server would refuse every request alike."""

    told: str


Trouble = Overloaded | Failing | Refusing


def completion(data: bytes, seconds: float, max_tokens: int) -> Reply | Trouble:
    """Read the body of a successful response. What is no completion (a page, half an object) is trouble."""
    try:
        body = json.loads(data)
    except ValueError:
        return Failing(f"sent no completion but something else: {_start(data)}")
    if isinstance(body, dict) and isinstance(body.get("error"), dict) and not body.get("choices"):
        return _error_of_success(body)  # OpenRouter tells of a provider's failure this way
    if not isinstance(body, dict) or not ("choices" in body or body.get("object") == "chat.completion"):
        return Failing(f"sent no completion but something else: {_start(data)}")
    return _reply(body, seconds, max_tokens)


def rejection(status: int, data: bytes, wait: float | None) -> Reply | Trouble:
    """Read the body of a response with status 4xx or 5xx; `wait` is what its headers ask for, in seconds."""
    code, message = _error(data)
    told = f"HTTP {status}: {message}"
    known = f"{code} {message}"
    if status == 429:
        return Refusing(told) if "insufficient_quota" in code else Overloaded(told, wait or _delay_in(data))
    if status in _TRANSIENT:
        return Failing(f"stays busy: {told}", wait)
    if status >= 500:
        return Failing(f"fails again and again: {told}", wait)
    if status not in _OWN_FAULT or (status == 400 and _REFUSES_ALL.search(known)):
        return Refusing(told)
    return Reply(_status_of(status, known), detail=told[:500])


def moved(status: int, url: str, location: str) -> Refusing:
    """Say where a response with status 3xx sends us. Followed, each request would go over the network twice."""
    return Refusing(f"HTTP {status}: {url} sends us to {location or 'no address'}; name that place in base_url")


def _status_of(status: int, known: str) -> Status:
    if status == 400 and _OVERFLOW.search(known):
        return "context_overflow"
    return "blocked" if status == 400 and _FILTERED.search(known) else "api_error"


def _error_of_success(body: Mapping[str, Any]) -> Reply | Trouble:
    code = body["error"].get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return rejection(status, json.dumps(body).encode(), None)


def _error(data: bytes) -> tuple[str, str]:
    """Return code and message of `{"error": {...}}`, of Gemini's list of one such, of FastAPI, of a text."""
    try:
        body = json.loads(data)
    except ValueError:
        return "", _start(data)
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "", str(error)[:300]
    code = " ".join(str(error[key]) for key in ("code", "type", "status") if error.get(key) is not None)
    message = error.get("message") or error.get("detail") or json.dumps(error, ensure_ascii=False)
    return code, str(message)


def _delay_in(data: bytes) -> float | None:
    """Return the seconds that Google's RetryInfo asks for: it stands in the body, not in a header."""
    found = re.search(rb'"retryDelay"\s*:\s*"([0-9.]+)s"', data)
    return float(found[1]) if found else None


def _start(data: bytes) -> str:
    return repr(data[:100].decode(errors="replace")) if data else "an empty body"


def _reply(body: Mapping[str, Any], seconds: float, max_tokens: int) -> Reply | Trouble:
    served_by = _text(body, "system_fingerprint")
    known: dict[str, Any] = {**_usage(body), "seconds": round(seconds, 4), "served_by": served_by}
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return Reply("empty", detail="the server returned no choice", **known)
    finish = _text(choice, "finish_reason") or ""
    if finish == "error":  # OpenRouter: the provider broke off
        return Failing(f"broke off: {_start(json.dumps(choice.get('error')).encode())}")
    message = choice.get("message")
    known["finish_reason"] = finish or None
    if finish.startswith("content_filter") or finish.lower() in _STOPPED_BY_FILTER:
        # Gemini says "content_filter: PROHIBITED_CONTENT" and leaves the message out.
        return Reply("blocked", detail=f"stopped by the server's filter ({finish})", **known)
    if not isinstance(message, dict):
        return Reply("empty", detail="the server returned no message", **known)
    known["reasoning"] = _text(message, "reasoning") or _text(message, "reasoning_content")
    return _from_message(message, finish, known, max_tokens)


def _from_message(message: Mapping[str, Any], finish: str, known: Mapping[str, Any], max_tokens: int) -> Reply:
    refusal, content = _text(message, "refusal"), message.get("content")
    if refusal:
        return Reply("refused", text=refusal, **known)
    if content is not None and not isinstance(content, str):
        return Reply("api_error", detail=f"the content is no text but {json.dumps(content)[:100]}", **known)
    if not (content or "").strip():
        return Reply("empty", text=content, **known)
    if finish != "length":
        return Reply("ok", text=content, **known)
    full = known["completion_tokens"] is not None and known["completion_tokens"] < max_tokens
    detail = "the context was full before max_tokens" if full else None
    return Reply("truncated", text=content, detail=detail, **known)


def _usage(body: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the token counts that a completion tells; None for each that it does not."""
    told = _mapping(body, "usage")
    return {
        "prompt_tokens": _count(told, "prompt_tokens"),
        "completion_tokens": _count(told, "completion_tokens"),
        "cached_tokens": _count(_mapping(told, "prompt_tokens_details"), "cached_tokens"),
    }


def _mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _text(holder: Mapping[str, Any], key: str) -> str | None:
    value = holder.get(key)
    return value if isinstance(value, str) and value else None


def _count(holder: Mapping[str, Any], key: str) -> int | None:
    value = holder.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
