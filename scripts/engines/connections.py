"""Connections for many requests under way at once.

The pool of `httpx2` looks at every idle connection, with a system call each, twice a request: with 64 of them that is
nearly half of the time a request takes, and with thousands all of it. Here every connection is a pool of its own, and
a request takes the one that was used last.
"""

import ssl
import urllib.request
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2

_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


def http_client(base_url: str) -> httpx2.AsyncClient:
    """Return a client for one address. A proxy from the environment is used, except for this machine's own servers.

    It could not reach these, and must not see the key of our engine.
    """
    parts = urlsplit(base_url)
    proxy = None
    if parts.hostname not in _HERE and not urllib.request.proxy_bypass(parts.hostname or ""):
        proxies = urllib.request.getproxies()
        proxy = proxies.get(parts.scheme) or proxies.get("all")
    encrypted = parts.scheme == "https" or proxy is not None  # reading all certificates takes a while
    context = httpx2.create_ssl_context() if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx2.AsyncClient(transport=_Connections(context, proxy), trust_env=False, follow_redirects=True)


class _Connections(httpx2.AsyncBaseTransport):
    """Connections without any bound; whoever sends bounds the requests under way."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None) -> None:
        self._context = context
        self._proxy = proxy
        self._idle: list[httpx2.AsyncHTTPTransport] = []
        self._all: list[httpx2.AsyncHTTPTransport] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        connection = self._idle.pop() if self._idle else self._new()
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            self._idle.append(connection)  # its pool has dropped what broke
            raise
        response.stream = _Stream(response.stream, self._idle, connection)
        return response

    def _new(self) -> httpx2.AsyncHTTPTransport:
        one = httpx2.Limits(max_connections=1, max_keepalive_connections=1)
        connection = httpx2.AsyncHTTPTransport(verify=self._context, trust_env=False, limits=one, proxy=self._proxy)
        self._all.append(connection)
        return connection

    async def aclose(self) -> None:
        for connection in self._all:
            await connection.aclose()


class _Stream(httpx2.AsyncByteStream):
    """The body of a response; its connection is idle again when it is closed."""

    def __init__(
        self,
        inner: httpx2.AsyncByteStream | httpx2.SyncByteStream,
        idle: list[httpx2.AsyncHTTPTransport],
        connection: httpx2.AsyncHTTPTransport,
    ) -> None:
        if not isinstance(inner, httpx2.AsyncByteStream):
            raise TypeError("an asynchronous transport gave a synchronous body")
        self._inner = inner
        self._idle = idle
        self._connection: httpx2.AsyncHTTPTransport | None = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            yield part

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        try:
            await self._inner.aclose()
        finally:
            if connection is not None:
                self._idle.append(connection)
