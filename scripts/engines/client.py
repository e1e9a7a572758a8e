"""Sends requests over the `openai` client and turns every outcome into a reply, or an error with a name."""

import time
from collections.abc import Mapping, Set
from typing import Any

import aiohttp
import orjson
from openai import AsyncOpenAI

from scripts.engines.answers import Failing, Trouble, completion, moved, rejection
from scripts.engines.connections import Connections
from scripts.engines.limits import Gate
from scripts.engines.patience import OWN, Patience, Persistence, told_wait
from scripts.engines.request import WITH_TEXT, Reply, Request

REQUEST_TIMEOUT = 600.0
_SECRET = 8
"""Characters from which on a key is one; a shorter one is a stand-in such as `none`."""


class Client:
    """Talks to one OpenAI-compatible address.

    The `openai` client says where and as whom to ask. Requests do not go through its methods and connections: these
    take several times the time of all the rest, and its repeats are not ours (`patience`).
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        served_name: str,
        patience: Patience = OWN,
        leave_out: Set[str] = frozenset(),
    ) -> None:
        self._key = key.encode() if len(key) >= _SECRET else None
        self._served_name = served_name
        self._leave_out = leave_out
        self._gate: Gate | None = None
        self._persistence = Persistence(patience)
        self._connections = Connections(base_url)
        self._api = AsyncOpenAI(base_url=base_url, api_key=key)
        self._url = str(self._api.base_url.join("chat/completions"))
        self._headers = {
            **self._api.auth_headers,
            "accept": "application/json",
            "content-type": "application/json",
            "user-agent": self._api.user_agent,
        }

    def limit(self, gate: Gate) -> None:
        """Let every try pass a gate, which may hold it back."""
        self._gate = gate

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()
        await self._api.close()

    async def answers(self) -> bool:
        """Tell whether the server generates: one token within 30 s. Health pages answer for dead engines too."""
        body = {"model": self._served_name, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        result = await self._post(orjson.dumps(body), 1, 30.0)
        return isinstance(result, Reply) and result.status in WITH_TEXT

    async def send(self, request: Request, extra: Mapping[str, Any] | None = None) -> Reply:
        """Send a request; `extra` are engine hints that do not shape the text and are no part of its key.

        EngineUnavailable, EngineRefuses and EngineOverBudget when the fault is not the request's own.
        """

        return await self._persistence.insist(lambda scout: self._try(request, extra, scout))

    async def _try(self, request: Request, extra: Mapping[str, Any] | None, scout: bool) -> Reply | Trouble | None:
        # The body is written anew for every try: kept, it would be held by all requests that wait.
        if self._gate is None:
            return await self._post(self._body(request, extra), request.max_tokens, REQUEST_TIMEOUT)
        async with self._gate.admit(request) as ticket:
            if self._persistence.told_to_wait and not scout:
                ticket.unused()
                return None
            body = self._body(request, extra)
            return ticket.settle(await self._post(body, request.max_tokens, REQUEST_TIMEOUT))

    async def _post(self, body: bytes, max_tokens: int, timeout: float) -> Reply | Trouble:
        """Send once."""
        started = time.monotonic()
        try:
            response = await self._connections.post(self._url, body, self._headers, timeout)
        except TimeoutError as error:
            hung = not isinstance(error, aiohttp.ConnectionTimeoutError)
            return Failing(f"cannot be reached: {_named(error)} after {_since(started):.0f} s", timed_out=hung)
        except aiohttp.ClientError as error:
            return Failing(f"cannot be reached: {_named(error)}")
        if 300 <= response.status < 400:
            location = self._clean(response.headers.get("location", "").encode()).decode()
            return moved(response.status, self._url, location)
        if response.status >= 400:
            return rejection(response.status, self._clean(response.content), told_wait(response.headers))
        seconds = _since(started)
        result = completion(response.content, seconds, max_tokens)
        return result if isinstance(result, Reply) else completion(self._clean(response.content), seconds, max_tokens)

    def _clean(self, data: bytes) -> bytes:
        """Return what the server said, without the key: some servers repeat it in their messages."""
        return data.replace(self._key, b"[key]") if self._key else data

    def _body(self, request: Request, extra: Mapping[str, Any] | None) -> bytes:
        sampling = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            "max_tokens": request.max_tokens,
            "seed": request.seed,
        }
        body: dict[str, Any] = {
            "model": self._served_name,
            "messages": list(request.messages),
            **{name: value for name, value in sampling.items() if name not in self._leave_out},
            **(extra or {}),
            **request.enforced,
        }
        if request.template_arguments:
            body["chat_template_kwargs"] = dict(request.template_arguments)
        if request.effort is not None:
            body["reasoning_effort"] = request.effort
        return orjson.dumps(body)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}{f' ({error})' if str(error) else ''}"


def _since(started: float) -> float:
    return time.monotonic() - started
