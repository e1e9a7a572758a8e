"""What servers of many makes answer, case by case (`tests/cases`): each ends as it should, through a real socket."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from personas.engines.errors import EngineRefuses
from personas.engines.http.client import Client
from personas.engines.http.patience import Patience
from personas.engines.request import Request
from tests.helpers import ROOT, FakeServer, Outcome

CASES = ROOT / "tests/cases"
QUICK = Patience(repeats=2, first=0.01, longest=0.02, in_vain=0.5, for_one=2.0)
REQUEST = Request({}, [{"role": "user", "content": "What is two and two?"}], 0.0, 1.0, 24, 0, {})
GOOD = json.dumps({"choices": [{"message": {"content": "Four."}, "finish_reason": "stop"}]}).encode()
WHOLE = {"PAD": b"\n\n  \n" + GOOD, "BOM": b"\xef\xbb\xbf" + GOOD}
DECIDED = {
    "context_overflow?": {"Cerebras no body": "api_error", "llama.cpp 500 old": "context_overflow"},
    "context_overflow or a named end": {"Groq 413 TPM": "context_overflow"},
    "asked again?": {"nginx 499": "asked again"},
    "blocked or refused": {
        "Anthropic refusal stop_reason": "blocked",
        "Anthropic refusal stop_reason + text": "blocked",
    },
    "not ok": {"Gemini OTHER": "api_error", "Gemini LANGUAGE": "api_error"},
    "ok (text that can be kept)": {"lone surrogate": "ok"},
    "ok, text Four. (documented: api_error)": {"Mistral magistral parts": "ok"},
}
"""What was decided where a case leaves it open."""
TEXTS = {"Mistral magistral parts": "Four.", "lone surrogate": "abc \ufffd", "NUL": "a\0b", "Gemini OTHER": None}


def cases(name: str) -> Sequence[Any]:
    read = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=f"{number}: {case['note']}") for number, case in enumerate(read)]


def outcome_of(case: dict[str, Any]) -> Outcome:
    body = case["body"]
    if isinstance(body, str):
        body = WHOLE.get(body, body.encode())
    return Outcome(status=case.get("http_status", 200), body=body)


@pytest.mark.parametrize("case", [*cases("http-errors"), *cases("completions")])
async def test_it_ends_as_it_should(server: FakeServer, case: dict[str, Any]) -> None:
    want = DECIDED.get(case["want"], {}).get(case["note"], case["want"])
    client = Client(server.base_url, "sk-secret-key", "alpha", QUICK)
    server.script = [outcome_of(case)]
    try:
        if want == "ends the batch":
            with pytest.raises(EngineRefuses, match=f"HTTP {case['http_status']}: "):
                await client.send(REQUEST)
            assert server.count == 1
            return
        reply = await client.send(replace(REQUEST))
    finally:
        await client.close()
    assert server.count == (2 if want == "asked again" else 1)
    assert reply.status == ("ok" if want == "asked again" else want)
    if case["note"] in TEXTS:
        assert reply.text == TEXTS[case["note"]]
    if reply.status not in ("ok", "truncated", "empty"):
        assert reply.detail, "whatever is no answer says why"
