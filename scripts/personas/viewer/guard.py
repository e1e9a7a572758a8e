"""Who may read: only who knows the key in the address that was printed; and what a page may do."""

import hashlib
import hmac
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PARAMETER = "key"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with none at all, a browser does not say whose page sent a form
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_HOSTS = ("127.0.0.1", "localhost")
_REFUSED = "403: open the address that `personas view` printed; it holds the key.\n"


class Guard:
    """Answers 403 to whoever does not bring the key, in the address or in the cookie that this gave them.

    A machine has many users, and all of them reach 127.0.0.1. A request must name this machine as its host, so that
    no page elsewhere can read through a name of its own; and what changes something must come from our own pages,
    because to a browser the ports of a machine are one site.
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app, self._key = app, key
        self._cookie = f"personas-{hashlib.sha256(key.encode()).hexdigest()[:8]}"  # ports share cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._answering(Request(scope))(scope, receive, with_headers)

    def _answering(self, request: Request) -> ASGIApp:
        is_foreign = request.method not in ("GET", "HEAD") and request.headers.get("origin") != _origin(request)
        if request.url.hostname not in _HOSTS or is_foreign:
            return PlainTextResponse(_REFUSED, 403)
        if self._is_key(request.query_params.get(PARAMETER)):
            return self._let_in(request)
        return self._app if self._is_key(request.cookies.get(self._cookie)) else PlainTextResponse(_REFUSED, 403)

    def _is_key(self, key: str | None) -> bool:
        return key is not None and hmac.compare_digest(key.encode(), self._key.encode())

    def _let_in(self, request: Request) -> RedirectResponse:
        """Give the cookie, and send on to the address without the key, which then stands in no history or link."""
        rest = [(name, value) for name, value in request.query_params.multi_items() if name != PARAMETER]
        target = request.url.path + (f"?{urlencode(rest)}" if rest else "")
        answer = RedirectResponse("/" + target.lstrip("/"), 303)
        answer.set_cookie(self._cookie, self._key, httponly=True, samesite="lax")
        return answer


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
