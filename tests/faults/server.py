"""A programmable server in a process of its own: `python -m tests.faults.server --port N`.

It answers chat completions with a text that only depends on the request, and fails as it is told by rules.
`POST /control` sets rules and pace, `POST /pace` the pace alone; `GET /asked` tells every request since, and
`GET /wait?count=N` returns once N requests have arrived, or after a quarter of a second. As an engine (`--as-engine`)
it takes rules and key from the environment.

A rule is `{"do": OUTCOME}` with any of `containing` (text in the last message), `skip` (so many matching requests
first), `times` (at most so many in all), `each` (at most so many per request), `share` (of the requests, by their
digest). An outcome is any of `act` (`reply`, `reset`, `close`, `cut`, `hang`, `exit`), `status`, `headers`, `body`,
`text`, `finish`, `refusal`, `pause` (seconds).
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import socket
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

RULES_VARIABLE = "PERSONAS_TEST_RULES"
KEY_VARIABLE = "PERSONAS_ENGINE_KEY"
SHAPING = ("model", "messages", "temperature", "top_p", "max_tokens", "seed")


def digest(body: Mapping[str, Any]) -> str:
    """Return what tells a request from others: a hash of all that shapes its answer, 16 hex digits."""
    shaping = {name: body.get(name) for name in SHAPING}
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:16]


@dataclass
class Program:
    """What the server is to do, and what it was asked since it was told."""

    rules: list[dict[str, Any]] = field(default_factory=list)
    pace: float = 0.0
    key: str | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    matched: Counter[int] = field(default_factory=Counter)
    used: Counter[int] = field(default_factory=Counter)
    used_by: Counter[tuple[int, str]] = field(default_factory=Counter)

    def outcome(self, body: Mapping[str, Any], key: str, mark: str) -> dict[str, Any]:
        """Return what is done with a request: by the first rule that takes it, else a plain answer."""
        if self.key is not None and key != self.key:
            return {"status": 401, "body": {"error": {"message": f"wrong key: {key}"}}}
        for place, rule in enumerate(self.rules):
            if self._takes(place, rule, body, mark):
                self.used[place] += 1
                self.used_by[place, mark] += 1
                taken: dict[str, Any] = rule["do"]
                return taken
        return {}

    def _takes(self, place: int, rule: Mapping[str, Any], body: Mapping[str, Any], mark: str) -> bool:
        if rule.get("containing", "") not in body["messages"][-1]["content"]:
            return False
        if int(mark, 16) / 16**16 >= rule.get("share", 1.0):
            return False
        self.matched[place] += 1
        return bool(
            self.matched[place] > rule.get("skip", 0)
            and self.used[place] < rule.get("times", float("inf"))
            and self.used_by[place, mark] < rule.get("each", float("inf"))
        )


class Server:
    """One listening socket."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._arrived = asyncio.Condition()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side is done with it."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        data = await reader.readexactly(int(headers.get("content-length", 0)))
        if target.startswith("/v1/"):
            key = headers.get("authorization", "").removeprefix("Bearer ")
            return await self._complete(json.loads(data), key, reader, writer)
        return await _send(writer, 200, await self._control(method, target, data))

    async def _control(self, method: str, target: str, data: bytes) -> Any:
        url = urlsplit(target)
        if url.path == "/pace":
            self.program.pace = json.loads(data)
        elif method == "POST":
            self.program = Program(**json.loads(data))
        elif url.path == "/wait":
            count = int(parse_qs(url.query)["count"][0])
            async with self._arrived:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait_for(lambda: len(self.program.asked) >= count), 0.25)
            return len(self.program.asked)
        return self.program.asked

    async def _complete(
        self, body: dict[str, Any], key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        mark = digest(body)
        outcome = self.program.outcome(body, key, mark)
        entry = {"mark": mark, "at": asyncio.get_running_loop().time(), "answered": False}
        self.program.asked.append(entry)
        async with self._arrived:
            self._arrived.notify_all()
        await self._pause(outcome.get("pause"))
        act, status = outcome.get("act", "reply"), outcome.get("status", 200)
        content = outcome.get("body") or _completion(outcome, body, mark)
        if act == "exit":
            os._exit(3)
        if act == "hang":
            await reader.read()  # until the client has had enough
        if act == "reset":
            linger: socket.socket = writer.get_extra_info("socket")
            linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if act == "cut":
            await _send(writer, status, content, cut=True)
        if act != "reply" or reader.at_eof():
            return False
        entry["answered"] = status == 200
        return await _send(writer, status, content, outcome.get("headers"))

    async def _pause(self, seconds: float | None) -> None:
        """Take the time that was asked for, or else the pace, which may change meanwhile."""
        if seconds is not None:
            await asyncio.sleep(seconds)
            return
        clock = asyncio.get_running_loop().time
        began, program = clock(), self.program
        while (left := began + program.pace - clock()) > 0:
            await asyncio.sleep(min(left, 0.1))


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    content: Any,
    headers: Mapping[str, str] | None = None,
    cut: bool = False,
) -> bool:
    data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    told = {"content-type": "application/json", "date": formatdate(usegmt=True), **(headers or {})}
    told["content-length"] = str(len(data))
    lines = [f"HTTP/1.1 {status} told", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    writer.write("\r\n".join(lines).encode() + (data[: len(data) // 2] if cut else data))
    await writer.drain()
    return True


def _completion(outcome: Mapping[str, Any], body: Mapping[str, Any], mark: str) -> dict[str, Any]:
    text = outcome.get("text", f"Ünique answer {mark} to: {body['messages'][-1]['content'][:20]}")
    message = {"role": "assistant", "content": text, "refusal": outcome.get("refusal")}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "system_fingerprint": mark,  # a journal keeps it (`served_by`): this is how its lines are told apart
        "choices": [{"index": 0, "message": message, "finish_reason": outcome.get("finish", "stop")}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
    }


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--as-engine", action="store_true")
    arguments = parser.parse_args()
    told: dict[str, Any] = {}
    if arguments.as_engine:
        told = json.loads(os.environ[RULES_VARIABLE])
        await asyncio.sleep(told.pop("slow_start", 0.0))
        told["key"] = os.environ[KEY_VARIABLE]
    else:  # whoever started us holds the other end of standard input
        asyncio.get_running_loop().add_reader(0, lambda: os._exit(0))
    server = Server(Program(**told))
    listening = await asyncio.start_server(server.handle, "127.0.0.1", arguments.port, backlog=512, limit=2**24)
    print(listening.sockets[0].getsockname()[1], flush=True)
    async with listening:
        await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
