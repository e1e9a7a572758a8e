"""A server of files over real sockets that breaks off, stalls and refuses on demand."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


@dataclass
class Fault:
    """What goes wrong with one request: a status instead of the file, or an end (or a silence) after some bytes."""

    status: int | None = None
    after: int | None = None
    silent: bool = False


@dataclass
class FileServer:
    """Serves `files` by path. `faults` are spent one a request. `asked` remembers every request."""

    files: Mapping[str, bytes]
    faults: list[Fault] = field(default_factory=list)
    ranges: bool = True
    pause: float = 0.0
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def __enter__(self) -> "FileServer":
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.of = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    of: FileServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        of = self.server.of
        path, wanted = unquote(self.path).lstrip("/"), self.headers.get("range")
        of.asked.append((path, wanted))
        fault = of.faults.pop(0) if of.faults else Fault()
        if fault.status or path not in of.files:
            self.send_error(fault.status or 404)
            return
        content = of.files[path]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and of.ranges else 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("content-length", str(len(content) - start))
        self.end_headers()
        self._send(content[start:], fault)

    def _send(self, content: bytes, fault: Fault) -> None:
        for begin in range(0, len(content) if fault.after is None else fault.after, 64):
            self.server.of.released.wait(self.server.of.pause)
            end = begin + 64 if fault.after is None else min(begin + 64, fault.after)
            self.wfile.write(content[begin:end])
            self.wfile.flush()
        if fault.silent:
            self.server.of.released.wait(None)
        if fault.after is not None:
            self.close_connection = True
