"""The server's process as tests see it: started, programmed, asked what it was asked."""

import contextlib
import http.client
import json
import subprocess
import sys
from typing import Any

from tests.helpers import ROOT


class FaultServer:
    """The server's process as seen from a test."""

    def __init__(self) -> None:
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start it (again), on the same port."""
        self.stop()
        command = [sys.executable, "-m", "tests.faults.server", "--port", str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def stop(self) -> None:
        """Kill it, if it runs."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
        self._process = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def program(self, *rules: dict[str, Any], pace: float = 0.0, key: str | None = None) -> None:
        """Set what it does from now on, and forget what it was asked."""
        self._call("POST", "/control", {"rules": list(rules), "pace": pace, "key": key})

    def set_pace(self, pace: float) -> None:
        """Let every answer take so many seconds, those included that are under way."""
        self._call("POST", "/pace", pace)

    def asked(self) -> list[dict[str, Any]]:
        """Return every request since it was programmed: `mark`, `at` (seconds), `answered`."""
        asked: list[dict[str, Any]] = self._call("GET", "/asked")
        return asked

    def wait(self, count: int) -> bool:
        """Wait until `count` requests have arrived, a quarter of a second at most; tell whether they have."""
        return int(self._call("GET", f"/wait?count={count}")) >= count

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body) if body is not None else None)
            return json.loads(connection.getresponse().read())
