"""Sends requests through the `openai` client and turns every outcome into a reply with a status, or an error."""

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import openai
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion

from scripts.engines.errors import EngineRefuses, EngineUnavailable
from scripts.engines.request import Reply, Request, Status

REQUEST_TIMEOUT = 600.0
_OVERFLOW = re.compile(
    r"context[ _](length|size|window)|maximum context|exceed_context|too (long|many tokens)|longer than the maximum",
    re.IGNORECASE,
)
_SECRET = 8
"""Characters from which on a key is one; a shorter one is a stand-in such as `none`."""
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
_TRANSIENT = frozenset({408, 409})
_OWN_FAULT = frozenset({413, 422})  # besides 400; any other refusal would meet every request alike
_BLOCKED = re.compile(r"content[ _]?filter|content management policy|safety", re.IGNORECASE)


class Client:
    """Talks to one OpenAI-compatible address.

    The `openai` library repeats connection errors, 408, 409, 429 (honouring Retry-After) and 5xx with a growing
    pause, `retries` times; everything else is never repeated.
    """

    def __init__(self, base_url: str, key: str, served_name: str, retries: int = 2) -> None:
        self._key = key
        self._served_name = served_name
        self._api = AsyncOpenAI(
            base_url=base_url,
            api_key=key,
            max_retries=retries,
            timeout=openai.Timeout(REQUEST_TIMEOUT, connect=10.0),
            # A proxy from the environment cannot reach this machine, and must not see the key of our engine.
            http_client=openai.DefaultAsyncHttpxClient(trust_env=urlsplit(base_url).hostname not in _HERE),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._api.close()

    async def answers(self) -> bool:
        """Tell whether the server generates: one token within 30 s. Health pages answer for dead engines too."""
        try:
            await self._api.with_options(max_retries=0, timeout=30.0).chat.completions.create(
                model=self._served_name, messages=[{"role": "user", "content": "Hi"}], max_tokens=1
            )
        except openai.OpenAIError:
            return False
        return True

    async def send(self, request: Request, extra: Mapping[str, Any] | None = None) -> Reply:
        """Send a request; `extra` are engine hints that do not shape the text and are no part of its key.

        EngineUnavailable and EngineRefuses when the fault is not the request's own.
        """
        started = time.monotonic()
        try:
            completion = await self._create(request, extra)
        except openai.BadRequestError as error:
            return Reply(_status_of_rejection(error), detail=self._told(error))
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            raise EngineRefuses(f"The server refuses requests for {self._served_name}: {self._told(error)}") from None
        except openai.InternalServerError as error:
            raise EngineUnavailable(f"The server fails again and again: {self._told(error)}") from None
        except openai.RateLimitError as error:
            raise EngineUnavailable(f"The server stays overloaded: {self._told(error)}") from None
        except openai.APIStatusError as error:
            if error.status_code in _TRANSIENT:
                raise EngineUnavailable(f"The server stays busy: {self._told(error)}") from None
            if error.status_code not in _OWN_FAULT:
                raise EngineRefuses(f"The server refuses {self._served_name}: {self._told(error)}") from None
            return Reply("api_error", detail=self._told(error))
        except openai.APIConnectionError as error:
            raise EngineUnavailable(f"The server cannot be reached: {error.__cause__ or error}") from None
        except ValueError as error:
            raise EngineUnavailable(f"The server sent no completion but something else: {error}") from None
        if not isinstance(completion, ChatCompletion):
            raise EngineUnavailable(f"The server sent no completion but something else: {str(completion)[:100]!r}")
        return _reply(completion, time.monotonic() - started, request.max_tokens)

    def _told(self, error: openai.APIStatusError) -> str:
        """Return what the server said, without the key: some servers repeat it in their messages."""
        told = error.message.replace(self._key, "[key]") if len(self._key) >= _SECRET else error.message
        return f"HTTP {error.status_code}: {told}"[:500]

    async def _create(self, request: Request, extra: Mapping[str, Any] | None) -> ChatCompletion:
        body = dict(extra or {})
        if request.template_arguments:
            body["chat_template_kwargs"] = dict(request.template_arguments)
        if request.response_format is not None:
            body["response_format"] = dict(request.response_format)
        if request.effort is not None:
            body["reasoning_effort"] = request.effort
        messages: Any = list(request.messages)
        return await self._api.chat.completions.create(
            model=self._served_name,
            messages=messages,
            temperature=request.temperature,
            top_p=request.top_p,
            max_tokens=request.max_tokens,
            seed=request.seed,
            extra_body=body or None,
        )


def _reply(completion: ChatCompletion, seconds: float, max_tokens: int) -> Reply:
    usage = completion.usage
    details = usage.prompt_tokens_details if usage else None
    known: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
        "cached_tokens": details.cached_tokens if details else None,
        "seconds": round(seconds, 4),
        "served_by": completion.system_fingerprint,
    }
    if not completion.choices:
        return Reply("empty", detail="the server returned no choice", **known)
    choice = completion.choices[0]
    message = choice.message
    reasoning = getattr(message, "reasoning", None) or getattr(message, "reasoning_content", None)
    known |= {"finish_reason": choice.finish_reason, "reasoning": reasoning}
    if choice.finish_reason == "content_filter":
        return Reply("blocked", detail="stopped by the server's content filter", **known)
    if message.refusal:
        return Reply("refused", text=message.refusal, **known)
    if not (message.content or "").strip():
        return Reply("empty", text=message.content, **known)
    if choice.finish_reason != "length":
        return Reply("ok", text=message.content, **known)
    full = usage is not None and usage.completion_tokens < max_tokens
    detail = "the context was full before max_tokens" if full else None
    return Reply("truncated", text=message.content, detail=detail, **known)


def _status_of_rejection(error: openai.BadRequestError) -> Status:
    told = f"{error.code} {error.message}"
    if _OVERFLOW.search(told):
        return "context_overflow"
    return "blocked" if _BLOCKED.search(told) else "api_error"
