"""What the body of an error means: a row's status, a wait, another try, or the end of the batch."""

import json
import re
from collections.abc import Mapping
from typing import Any

from personas.core.cleaning import Unreadable, cleaned_text, one_line, parse_json
from personas.engines.http.trouble import Failing, Overloaded, Refusing, Trouble
from personas.engines.http.wordings import advice, meaning
from personas.engines.request import Reply

_BUSY = frozenset({408, 409, 424, 425, 499})
"""424: what the server itself asks failed; 499: a proxy of theirs lost patience."""
_OWN_FAULT = frozenset({400, 413, 422})
_REFUSES_ALL = frozenset({401, 402, 404, 405, 407})
"""Here no words make a row of it: these are never about one prompt."""
_OVERLOADED = re.compile(r"rate.?limit|too many requests", re.IGNORECASE)
_DELAY = re.compile(rb'"retryDelay"\s*:\s*"(\d{1,9}(?:\.\d{1,9})?)s"')


def rejection(status: int, data: bytes, wait: float | None, secret: str | None = None) -> Reply | Trouble:
    """Read the body of a response with status 4xx or 5xx; `wait` is what its headers ask for, in seconds."""
    try:
        code, message = _error(parse_json(data, secret))
    except Unreadable as error:
        plain = data.lstrip()[:1] not in (b"", b"<")  # DeepSeek: a sentence instead of JSON
        code, message = "", cleaned_text(data.decode(errors="replace"), secret) if plain else str(error)
    return _rejection(status, code, message, wait or _delay_in(data))


def _rejection(status: int, code: str, message: str, wait: float | None) -> Reply | Trouble:
    sentence, words = one_line(f"HTTP {status}: {message}"), f"{code} {message}"
    means = None if status in _REFUSES_ALL else meaning(status, words)
    if means == "refuses" or status in _REFUSES_ALL:
        return Refusing(sentence + (advice(words) if means else ""))
    if means is not None:
        return Reply(means, detail=sentence)
    if status == 429:
        return Overloaded(sentence, wait)
    if status in _BUSY:
        return Failing(f"stays busy: {sentence}", wait)
    if status >= 500:
        return Failing(f"fails again and again: {sentence}", wait)
    return Reply("api_error", detail=sentence) if status in _OWN_FAULT else Refusing(sentence)


def told_in(body: Mapping[str, Any]) -> Any:
    """Return the error that a body with HTTP 200, or a choice in it, tells of; None if it tells of none.

    OpenRouter tells so of a provider's failure, MiniMax in `base_resp`. Gateways also send an error of empty fields
    beside a completion.
    """
    base, error = body.get("base_resp"), body.get("error")
    if isinstance(base, dict) and base.get("status_code"):
        return {"code": base["status_code"], "message": base.get("status_msg")}
    says_something = any(error.values()) if isinstance(error, dict) else bool(error)
    return error if says_something else None


def error_of_success(error: Any) -> Reply | Trouble:
    """Judge an error without a status of HTTP: by its code where that is one, else by its words."""
    code, message = _error({"error": error})
    number = error.get("code") if isinstance(error, dict) else None
    if str(number).isdecimal() and 400 <= int(str(number)[:9]) < 600:
        return _rejection(int(str(number)), code, message, None)
    if meaning(400, f"{code} {message}") is not None:
        return _rejection(400, code, message, None)
    sentence = one_line(f"sent an error in the place of an answer: {message}")
    return Overloaded(sentence) if _OVERLOADED.search(f"{code} {message}") else Failing(sentence)


def error_of_choice(error: Any, fields: Mapping[str, Any]) -> Reply | Trouble:
    """Judge an error inside a choice: a filter, or something that broke off. `fields` are fields of the reply."""
    code, message = _error({"error": error})
    means = meaning(400, f"{code} {message}")
    if means in ("blocked", "context_overflow"):
        return Reply(means, detail=one_line(message), **fields)
    return Failing(one_line(f"broke off: {message}"))


def _error(body: Any) -> tuple[str, str]:
    """Return code and message of `{"error": {...}}`, of Gemini's list of one such, of FastAPI, of a text."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    holder = body if isinstance(body, dict) else {}
    error = holder.get("error") or body
    fields = error if isinstance(error, dict) else holder
    code = " ".join(str(fields[key]) for key in ("code", "type", "status") if fields.get(key) is not None)
    if not isinstance(error, dict):  # xAI: the error is a text, with a code beside it
        return code, str(error)
    message = error.get("message") or error.get("detail")
    if isinstance(message, list):
        return code, "; ".join(map(_place_and_fault, message))
    return code, _with_cause(str(message or json.dumps(error, ensure_ascii=False)), error.get("metadata"))


def _with_cause(message: str, metadata: Any) -> str:
    """Add what OpenRouter's provider said, which it only calls an error."""
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f"{message}: {raw}" if raw else message


def _place_and_fault(fault: Any) -> str:
    """Return one of FastAPI's faults without the input that it quotes: words of a prompt say nothing of the fault."""
    if not isinstance(fault, dict):
        return str(fault)
    place = fault.get("loc")
    return f"{'.'.join(map(str, place)) if isinstance(place, list) else place}: {fault.get('msg')}"


def _delay_in(data: bytes) -> float | None:
    """Return the seconds that Google's RetryInfo asks for: it stands in the body, not in a header."""
    match = _DELAY.search(data)
    return (float(match[1]) or None) if match else None
