"""A model hub on 127.0.0.1: what huggingface_hub asks of one, over real sockets, and failures on demand."""

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "5eda0000" * 5
TOKEN = "hf_aTokenThatNobodyMaySee"  # noqa: S105  # of this server only; tests look for it where it must not be

_LARGE = (".safetensors", "tokenizer.json")
_API = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)/(?P<what>revision|tree)/(?P<revision>[^/?]+)")
_FILE = re.compile(r"/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


def repository(weights: int = 3_000_000) -> dict[str, bytes]:
    """Files of a small model in two shards, beside others that nobody here needs; `weights` bytes a shard."""
    shards = {f"model-0000{n}-of-00002.safetensors": bytes([n]) * weights for n in (1, 2)}
    index = {"weight_map": {f"layer.{n}": name for n, name in enumerate(shards)}}
    return {
        "config.json": b'{"architectures": ["SomeForCausalLM"]}',
        "generation_config.json": b"{}",
        "tokenizer.json": b'{"version": "1.0"}' * 1000,
        "tokenizer_config.json": b'{"model_max_length": 512}',
        "chat_template.jinja": b"{{ messages }}",
        "modeling_some.py": b"print('code of the repository')",
        "model.safetensors.index.json": json.dumps(index).encode(),
        **shards,
        "pytorch_model.bin": b"p" * 100,
        "model.gguf": b"GGUF",
        "original/consolidated.00.pth": b"o" * 100,
        "original/params.json": b"{}",
        "onnx/config.json": b"{}",
        "README.md": b"# Some model",
    }


NEEDED = frozenset(
    name
    for name in repository(1)
    if name.endswith((".json", ".jinja", ".safetensors")) and not name.startswith(("original/", "onnx/"))
)


@dataclass
class FakeHub:
    """Repositories by id; `gated` ones need a token of `members`. `seen` has every request: method and path."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"org/some": repository()})
    gated: bool = False
    members: frozenset[str] = frozenset()
    cut_after: list[int] = field(default_factory=list)
    """Bytes after which the connection breaks, one for each download of a large file that is begun."""
    fail: list[int] = field(default_factory=list)
    """Statuses with which the next requests are answered."""
    ranges: bool = True
    branches: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    spoil: bytes = b""
    """Replaces the first bytes of large files."""
    hold: threading.Event | None = None
    """Where set, a download of a large file stops in its middle until the event comes."""
    storage: str = ""
    """Address that large files are redirected to, as the real hub does."""
    seen: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    sent: int = 0
    lie: Callable[[dict[str, Any]], object] | None = None
    """Changes what is listed of a repository, as a hostile mirror may."""

    def __enter__(self) -> "FakeHub":
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.hold:
            self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def downloads(self) -> list[str]:
        """The files that were asked for whole or in part."""
        return [line.rpartition("/")[2] for line in self.seen if line.startswith("GET") and "/resolve/" in line]

    def take(self, what: str) -> int | None:
        with self._lock:
            self.seen.append(what)
            return self.fail.pop(0) if self.fail else None

    def cut(self) -> int | None:
        with self._lock:
            return self.cut_after.pop(0) if self.cut_after else None

    def count(self, sent: int) -> None:
        with self._lock:
            self.sent += sent


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    hub: FakeHub


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._do()

    def do_GET(self) -> None:
        self._do()

    def _do(self) -> None:
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)
        status = hub.take(f"{self.command} {path}")
        hub.tokens.add(self._token())
        asked = _API.fullmatch(path) or _FILE.fullmatch(path)
        if status is not None:
            self._refuse(status, "")
        elif asked is None or asked["id"] not in hub.repositories:
            self._refuse(404 if self._token() else 401, "RepoNotFound")
        elif asked["revision"] not in (COMMIT, *hub.branches):
            self._refuse(404, "RevisionNotFound")
        elif "file" not in asked.groupdict():
            self._describe(asked["id"], asked["what"])
        elif hub.gated and self._token() not in hub.members:
            self._refuse(403 if self._token() else 401, "GatedRepo")
        else:
            self._send_file(hub.repositories[asked["id"]], asked["file"])

    def _token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def _refuse(self, status: int, code: str) -> None:
        body = json.dumps({"error": "refused"}).encode()
        self._begin(status, len(body), {"X-Error-Code": code} if code else {})
        if self.command == "GET":
            self.wfile.write(body)

    def _describe(self, id: str, what: str) -> None:
        files = self.server.hub.repositories[id]
        content: Any = [_entry(name, data) for name, data in files.items()]
        if what == "revision":
            content = {"id": id, "sha": COMMIT, "siblings": [_sibling(name, data) for name, data in files.items()]}
            if self.server.hub.lie:
                self.server.hub.lie(content)
        body = json.dumps(content).encode()
        self._begin(200, len(body), {"Content-Type": "application/json"})
        self.wfile.write(body)

    def _send_file(self, files: dict[str, bytes], name: str) -> None:
        hub = self.server.hub
        if name not in files:
            self._refuse(404, "EntryNotFound")
            return
        data, large = files[name], name.endswith(_LARGE)
        first = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        if asked and hub.ranges:
            first = int(asked[1])
        headers = {"ETag": f'"{_etag(name, data)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if large:
            headers |= {"X-Linked-Size": str(len(data)), "X-Linked-ETag": f'"{_etag(name, data)}"'}
        if asked and hub.ranges:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        if large and hub.storage:
            self._begin(302, 0, headers | {"Location": f"{hub.storage}{self.path}"})
            return
        self._begin(206 if asked and hub.ranges else 200, len(data) - first, headers)
        if self.command == "GET":
            self._send(hub.spoil + data[len(hub.spoil) :] if large else data, first, large)

    def _send(self, data: bytes, first: int, large: bool) -> None:
        hub = self.server.hub
        cut = hub.cut() if large else None
        rest = data[first:] if cut is None else data[first : first + cut]
        half = len(rest) // 2 if large and hub.hold else len(rest)
        for part in (rest[:half], rest[half:]):
            try:
                self.wfile.write(part)
                self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
                return
            hub.count(len(part))
            if large and hub.hold:
                hub.hold.wait(60)
        if cut is not None:
            self.close_connection = True

    def _begin(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()


def _etag(name: str, data: bytes) -> str:
    if name.endswith(_LARGE):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _sibling(name: str, data: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": _etag(name, data)}
    if name.endswith(_LARGE):
        told["lfs"] = {"size": len(data), "sha256": _etag(name, data), "pointerSize": 134}
    return told


def _entry(name: str, data: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": _etag(name, data)}
    if name.endswith(_LARGE):
        told["lfs"] = {"size": len(data), "oid": _etag(name, data), "pointerSize": 134}
        told["xetHash"] = "ab" * 32
    return told
