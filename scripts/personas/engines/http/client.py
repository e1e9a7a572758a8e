"""Sends requests as the `openai` client words them; every outcome is a reply, or an error with a name."""

import dataclasses
import time
from collections.abc import Mapping, Set
from typing import Any

import aiohttp
import orjson

from personas.core.cleaning import cleaned_text, one_line
from personas.engines.http.answers import completion, redirect
from personas.engines.http.connections import Connections
from personas.engines.http.patience import OWN, Patience, Persistence, wait_from
from personas.engines.http.rejections import rejection
from personas.engines.http.trouble import Failing, Trouble
from personas.engines.limits.gate import Gate
from personas.engines.request import WITH_TEXT, Reply, Request

REQUEST_TIMEOUT = 600.0
_PROBE_TIMEOUT = 30.0
_HI = ({"role": "user", "content": "Hi"},)
_LONGEST_BODY, _LONGEST_TOKEN = 4_000_000, 1000
"""Bytes of an answer: of whatever stands around its tokens, and of each of these. Far more than any has."""
_SECRET = 8
"""Characters from which on a key is one; a shorter one is a stand-in such as `none`."""


class Client:
    """Talks to one OpenAI-compatible address, `base_url` being what goes before `/chat/completions`."""

    def __init__(
        self,
        base_url: str,
        key: str,
        served_name: str,
        patience: Patience = OWN,
        leave_out: Set[str] = frozenset(),
        max_tokens_as: str = "max_tokens",
    ) -> None:
        self._key = key if len(key) >= _SECRET else None
        self._served_name = served_name
        self._leave_out = leave_out
        self._max_tokens_as = max_tokens_as
        self._gate: Gate | None = None
        self._persistence = Persistence(patience)
        self._connections = Connections(base_url)
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._headers = {
            "Authorization": f"Bearer {key}",
            "accept": "application/json",
            "content-type": "application/json",
            "user-agent": "persona-persistence",
        }

    def limit(self, gate: Gate) -> None:
        """Let every try pass a gate, which may hold it back."""
        self._gate = gate

    def waiting(self) -> tuple[str, float]:
        """Return what holds requests back, and for how many seconds; nothing, and 0, where nothing does."""
        if (wait := self._persistence.wait_left()) > 0:
            return "the server, which asked to wait", wait
        if self._gate and (wait := self._gate.wait_left()) > 0:
            return "a limit", wait
        return "", 0.0

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    async def answers(self) -> bool:
        """Tell whether the server generates: one token within 30 s. Health pages answer for dead engines too."""
        body = {"model": self._served_name, "messages": _HI, "max_tokens": 1}
        result = await self._post(orjson.dumps(body), 1, _PROBE_TIMEOUT)
        return isinstance(result, Reply) and result.status in WITH_TEXT

    async def send(self, request: Request, extra: Mapping[str, Any] | None = None) -> Reply:
        """Send a request; `extra` are engine hints that do not shape the text and are no part of its key.

        EngineUnavailable, EngineRefuses and EngineOverBudget when the fault is not the request's own.
        """

        return await self._persistence.insist(
            lambda scout: self._try(request, extra, scout, REQUEST_TIMEOUT), lambda: self._lives(request)
        )

    async def _lives(self, request: Request) -> bool:
        """Tell whether the server answers another request than this one, with the same settings, in whatever way."""
        other = dataclasses.replace(request, messages=_HI, max_tokens=1, enforced={}, template_arguments={})
        timeout = min(_PROBE_TIMEOUT, REQUEST_TIMEOUT)
        return isinstance(await self._try(other, None, scout=True, timeout=timeout), Reply)

    async def _try(
        self, request: Request, extra: Mapping[str, Any] | None, scout: bool, timeout: float
    ) -> Reply | Trouble | None:
        # The body is written anew for every try: kept, it would be held by all requests that wait.
        if self._gate is None:
            return await self._post(self._body(request, extra), request.max_tokens, timeout)
        async with self._gate.admit(request) as ticket:
            if self._persistence.told_to_wait and not scout:
                ticket.give_back()
                return None
            body = self._body(request, extra)
            return ticket.settle(await self._post(body, request.max_tokens, timeout))

    async def _post(self, body: bytes, max_tokens: int, timeout: float) -> Reply | Trouble:
        """Send once."""
        started, most = time.monotonic(), _LONGEST_BODY + _LONGEST_TOKEN * max_tokens
        try:
            response = await self._connections.post(self._url, body, self._headers, timeout, most)
        except TimeoutError as error:
            hung = not isinstance(error, aiohttp.ConnectionTimeoutError)
            return Failing(f"cannot be reached: {self._reason(error)} after {_since(started):.0f} s", timed_out=hung)
        except (aiohttp.ClientError, OSError) as error:
            return Failing(f"cannot be reached: {self._reason(error)}")
        if 300 <= response.status < 400:
            location = cleaned_text(response.headers.get("location", ""), self._key)
            return redirect(response.status, self._url, location)
        if response.status >= 400:
            return rejection(response.status, response.content, wait_from(response.headers), self._key)
        if not response.is_whole:
            return Failing(f"sent an answer of more than {most:,} bytes for {max_tokens:,} tokens", lasts=True)
        return completion(response.content, _since(started), max_tokens, self._key)

    def _reason(self, error: Exception) -> str:
        """Return what kept a response from us; it may quote what the server sent."""
        text = one_line(cleaned_text(str(error), self._key))
        return f"{type(error).__name__}{f' ({text})' if text else ''}"

    def _body(self, request: Request, extra: Mapping[str, Any] | None) -> bytes:
        sampling = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            self._max_tokens_as: request.max_tokens,
            "seed": request.seed,
        }
        body: dict[str, Any] = {
            "model": self._served_name,
            "messages": list(request.messages),
            **sampling,
            **(extra or {}),
            **request.enforced,
        }
        if request.template_arguments:
            body["chat_template_kwargs"] = dict(request.template_arguments)
        if request.effort is not None:
            body["reasoning_effort"] = request.effort
        return orjson.dumps({name: value for name, value in body.items() if name not in self._leave_out})


def _since(started: float) -> float:
    return time.monotonic() - started
