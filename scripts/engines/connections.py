"""Connections to one address for many requests under way at once.

Over `aiohttp`, because a request over `httpx2` takes several times the processor time (docs/decisions.md).
"""

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from httpx2 import create_ssl_context

from scripts.errors import UserError

CONNECT_TIMEOUT = 10.0
"""Seconds."""
_KEEP_IDLE = 4.0
"""Seconds that an idle connection is kept: fewer than the five after which uvicorn, below vLLM, closes it."""
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Response:
    """A response. Names of headers are looked up without regard to case; `is_whole`: its body was not cut."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    is_whole: bool = True


class Connections:
    """As many connections as there are requests under way; whoever sends bounds these.

    A proxy from the environment is used, except for this machine's own servers: it could not reach these, and must
    not see the key of our engine.
    """

    def __init__(self, base_url: str) -> None:
        """UserError when the environment names a proxy that cannot be used."""
        self._proxy = _proxy(base_url)
        self._is_encrypted = "https" in (urlsplit(base_url).scheme, urlsplit(self._proxy or "").scheme)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, most: int) -> Response:
        """Return the response to a POST; a redirect is one too, and not followed. `timeout` in seconds.

        A body is read, and unpacked, up to `most` bytes. aiohttp.ClientError or OSError when no response comes,
        TimeoutError when none comes in time.
        """
        limits = aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT)
        session = self._session = self._session or _session(self._is_encrypted)
        async with session.post(
            url, data=body, headers=headers, timeout=limits, proxy=self._proxy, allow_redirects=False
        ) as response:
            content = bytearray()
            async for part in response.content.iter_any():
                content += part
                if len(content) > most:
                    response.close()  # the rest may be endless
                    return Response(response.status, response.headers, bytes(content[:most]), is_whole=False)
            return Response(response.status, response.headers, bytes(content))

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


def _session(is_encrypted: bool) -> aiohttp.ClientSession:
    """Return a session without cookies. It trusts what `openai` trusts; reading all certificates takes a while."""
    trusted = create_ssl_context() if is_encrypted else True
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_IDLE, ssl=trusted)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def _proxy(base_url: str) -> str | None:
    parts = urlsplit(base_url)
    if parts.hostname in _HERE or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    proxies = urllib.request.getproxies()
    name = parts.scheme if parts.scheme in proxies else "all"
    proxy = proxies.get(name)
    if proxy is not None and urlsplit(proxy).scheme not in ("http", "https"):  # it may hold a password: not repeated
        raise UserError(
            f"{name.upper()}_PROXY: found another kind of proxy, expected one whose address begins http://."
        )
    return proxy
