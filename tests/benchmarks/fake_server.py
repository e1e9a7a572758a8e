"""A server without latency, or with a fixed one: `python -m tests.benchmarks.fake_server [SECONDS]` prints its port.

HTTP/1.1 by hand over real sockets, in a process of its own: what it costs is not the client's. It reads a request to
its end, parses no JSON, and always gives the same completion.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

ANSWER = "The tide comes in twice a day, and I am here for both. " * 4
_MESSAGE = {"role": "assistant", "content": ANSWER, "refusal": None}
_USAGE = {
    "prompt_tokens": 150,
    "completion_tokens": 60,
    "total_tokens": 210,
    "prompt_tokens_details": {"cached_tokens": 100},
}
_COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "fake",
    "system_fingerprint": "fake-1",
    "choices": [{"index": 0, "message": _MESSAGE, "finish_reason": "stop", "logprobs": None}],
    "usage": _USAGE,
}
_BODY = json.dumps(_COMPLETION).encode()
_RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class _Connection(asyncio.Protocol):
    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._head = bytearray()
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._body(len(data))
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return
        headers = bytes(self._head[:end]).lower()
        start = headers.index(b"content-length:") + 15
        self._missing = int(headers[start:].split(b"\r\n", 1)[0])
        rest = len(self._head) - end - 4
        self._head.clear()
        self._body(rest)

    def _body(self, count: int) -> None:
        self._missing -= count
        if self._missing <= 0:
            self._missing = 0
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._transport.write, _RESPONSE)
            else:
                self._transport.write(_RESPONSE)


async def _serve(latency: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(latency), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # until whoever started us closes it, or dies


@contextlib.contextmanager
def fake_server(latency: float = 0.0) -> Iterator[int]:
    """Run a server in a process of its own; gives its port on 127.0.0.1."""
    command = [sys.executable, "-m", "tests.benchmarks.fake_server", str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
