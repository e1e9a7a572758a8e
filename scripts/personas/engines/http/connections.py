"""Connections to one address for many requests under way at once.

Over `aiohttp`, because a request over `httpx2` takes several times the processor time (docs/decisions).
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from personas.engines.http.proxies import proxy_for, trusted_certificates

CONNECT_TIMEOUT = 10.0
"""Seconds."""
_KEEP_IDLE = 4.0
"""Seconds that an idle connection is kept: fewer than the five after which uvicorn, below vLLM, closes it."""


@dataclass(frozen=True)
class Response:
    """A response. Names of headers are looked up without regard to case; `is_whole`: its body was not cut."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    is_whole: bool = True


class Connections:
    """As many connections as there are requests under way; whoever sends bounds these."""

    def __init__(self, base_url: str) -> None:
        """UserError when the environment names a proxy, or certificates, that cannot be used."""
        self._proxy = proxy_for(base_url)
        is_encrypted = "https" in (urlsplit(base_url).scheme, urlsplit(self._proxy or "").scheme)
        self._trusted = trusted_certificates() if is_encrypted else True
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, most: int) -> Response:
        """Return the response to a POST; a redirect is one too, and not followed. `timeout` in seconds.

        A body is read, and unpacked, up to `most` bytes. aiohttp.ClientError or OSError when no response comes,
        TimeoutError when none comes in time.
        """
        limits = aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT)
        session = self._session = self._session or _session(self._trusted)
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


def _session(trusted: ssl.SSLContext | bool) -> aiohttp.ClientSession:
    """Return a session without cookies."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_IDLE, ssl=trusted)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
