"""What the fake server says: a text that depends on all of a request, a verdict where one is asked for."""

import hashlib
import json
import threading
from collections.abc import Mapping
from typing import Any

from tests.helpers import OVERFLOW_OPENAI, FakeServer, Outcome, answer

JUDGE = "org/judge-"
"""How the names of models begin that judge."""

FILTERED = Outcome(text="", finish="content_filter")
ODD = (answer(""), answer("I was c", "length"), FILTERED, OVERFLOW_OPENAI, answer("<think>Hm.</think>"))
"""What some requests are answered with in some studies, instead of a text."""


def mark_of(body: Mapping[str, Any]) -> str:
    """Return what tells a request from all others that a server can tell apart."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]


class Answers:
    """Decides for a server. `odd`: some answers are no texts. `salts`: by model, so that it has other weights."""

    def __init__(self, server: FakeServer) -> None:
        self.server, self.odd = server, False
        self.salts: dict[str, str] = {}
        self.waiting = 0
        self._left: int | None = None
        self._lock, self._released = threading.Lock(), threading.Event()
        server.decide = self

    def hold(self, after: int) -> None:
        """Answer so many more requests, and keep the others waiting."""
        self._released.clear()
        self.waiting, self._left = 0, after

    def release(self) -> None:
        """Answer all."""
        self._left = None
        self._released.set()

    def __call__(self, body: dict[str, Any]) -> Outcome:
        self._wait()
        mark = hashlib.sha256(f"{mark_of(body)}{self.salts.get(body['model'])}".encode()).hexdigest()[:12]
        number, prompt = int(mark, 16), body["messages"][-1]["content"]
        if self.odd and number % 19 < len(ODD):
            outcome = ODD[number % 19]
            return outcome if outcome.status != 200 else _completion(body, mark, outcome.text, outcome.finish)
        if body["model"].startswith(JUDGE):
            return _completion(body, mark, verdict(prompt[-400:], mark), "stop")
        thought = "<think>Who am I?</think>" if number % 7 == 0 else ""
        return _completion(body, mark, f"{thought}Answer {mark} to {prompt[:20]}", "stop")

    def _wait(self) -> None:
        with self._lock:
            if self._left is None:
                return
            if self._left > 0:
                self._left -= 1
                return
            self.waiting += 1
        self._released.wait()


def verdict(request: str, mark: str) -> str:
    """Return a verdict in the form that a request asks for at its end."""
    number = int(mark, 16)
    value: int | str = 1 + number % 5
    if "A or B" in request or '"A" or "B"' in request:
        value = "AB"[number % 2]
    elif "yes" in request:
        value = ("yes", "no")[number % 2]
    if "**Result:**" in request:
        return f"**Reasoning:** {mark}\n**Result:** {value}"
    if "<score>" in request:
        return f"<feedback>{mark}</feedback>\n<score>{value}</score>"
    return json.dumps({"reasoning": mark, "verdict": value})


def _completion(body: Mapping[str, Any], mark: str, text: str | None, finish: str) -> Outcome:
    """Answer, with a mark by which a journal tells which request it was."""
    message = {"role": "assistant", "content": text, "refusal": None}
    content = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "system_fingerprint": mark_of(body),
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
    }
    return Outcome(body=content)
