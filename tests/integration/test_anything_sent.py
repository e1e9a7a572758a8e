"""Whatever a server sends ends in a status or an error with a name: generated bodies, through client and journal."""

import asyncio
import gzip
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from personas.engines.errors import EngineError, EngineUnavailable
from personas.engines.http import client as client_module
from personas.engines.http.answers import completion
from personas.engines.http.client import Client
from personas.engines.http.patience import Patience, wait_from
from personas.engines.request import STATUSES, Reply, Request
from personas.requests.journal import Journal
from personas.requests.journal_lines import reply_in
from personas.requests.transcript import RESPONSE_SCHEMA, Response, response_table
from tests.helpers import FakeServer, Outcome, answer

KEY = "sk-secret-key-of-the-endpoint"
ONCE = Patience(repeats=0, first=0.001, longest=0.001, in_vain=0.0, for_one=0.01)
REQUEST = Request({}, [{"role": "user", "content": "Hello?"}], 0.0, 1.0, 24, 0, {})

TEXT = st.text() | st.sampled_from(
    ["\ud83d", f"a {KEY} b", "a\x1b[31mb\nc\u202e", "x" * 2000, "content_filter", "stop"]
)
NUMBER = st.integers() | st.floats() | st.sampled_from([10**30, -5, 2**63, 1e308, True, 403, 0])
VALUE = st.recursive(
    st.none() | TEXT | NUMBER,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
PART = st.fixed_dictionaries({}, optional={"type": TEXT, "text": VALUE, "thinking": VALUE})
MESSAGE = st.fixed_dictionaries(
    {}, optional={"content": st.lists(PART, max_size=3) | TEXT | VALUE, "refusal": VALUE, "reasoning": VALUE}
)
CHOICE = st.fixed_dictionaries({}, optional={"message": MESSAGE | VALUE, "finish_reason": VALUE, "error": VALUE})
USAGE = st.fixed_dictionaries({}, optional={"prompt_tokens": VALUE, "completion_tokens": NUMBER})
BODY = st.fixed_dictionaries(
    {"choices": st.lists(CHOICE | VALUE, max_size=2) | VALUE},
    optional={
        "usage": USAGE | VALUE,
        "error": VALUE,
        "model": VALUE,
        "system_fingerprint": VALUE,
        "base_resp": VALUE,
    },
)
ERROR = st.fixed_dictionaries(
    {"error": st.fixed_dictionaries({}, optional={"message": VALUE, "code": VALUE}) | VALUE}
)
LINE = st.fixed_dictionaries(
    {"status": st.sampled_from(STATUSES)},
    optional={"text": TEXT, "finish_reason": VALUE, "prompt_tokens": VALUE, "seconds": VALUE, "of_later": VALUE},
)
BYTES = st.binary(max_size=60) | (BODY | ERROR | VALUE).map(lambda value: json.dumps(value).encode())
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "retry-after-ms"]), st.from_regex(r"[-0-9.e ,:a-zA-Z]{0,12}", fullmatch=True)
)
DEEP = b'{"choices":[{"message":{"content":"Four."}}],"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, FakeServer, Journal]]:
    """One loop, server and journal for all examples: making them takes longer than an example."""
    with FakeServer() as server, asyncio.Runner() as runner:
        journal = Journal(tmp_path_factory.mktemp("journal"), "b")
        runner.run(journal.__aenter__())
        yield runner, server, journal
        runner.run(journal.__aexit__(None, None, None))


async def ask(server: FakeServer, outcome: Outcome) -> Reply | EngineError:
    client = Client(server.base_url, KEY, "alpha", ONCE)
    server.script = [outcome] * 4
    try:
        return await client.send(replace(REQUEST))
    except EngineError as error:
        return error
    finally:
        await client.close()


async def kept(journal: Journal, reply: Reply) -> Reply | None:
    key = f"{len(journal):064x}"
    await journal.append(key, reply)
    return journal.get(key)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.sampled_from([200] * 6 + [204, 302, 400, 401, 403, 422, 424, 429, 451, 500, 529, 599]), BYTES, HEADERS)
@example(200, DEEP, {})
@example(400, b'{"error":' * 50_000, {})
@example(429, b'{"retryDelay": "1.2.3s"}', {"retry-after-ms": "-5"})
@example(200, b'{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":' + b"9" * 5000 + b"}}", {})
def test_any_body_ends_in_a_status_that_can_be_kept(
    bench: tuple[asyncio.Runner, FakeServer, Journal], status: int, body: bytes, headers: dict[str, str]
) -> None:
    runner, server, journal = bench
    ended = runner.run(ask(server, Outcome(status=status, body=body, headers=headers)))
    told = [str(ended)]
    if isinstance(ended, Reply):
        assert ended.status in STATUSES and (ended.status == "api_error") <= (ended.text is None)
        assert runner.run(kept(journal, ended)) == ended
        [row] = response_table([Response(0, "i", "p", ended, None)]).to_pylist()
        told = [text for text in (ended.detail, ended.finish_reason, ended.served_by, ended.served_model) if text]
        assert row["answer"] == ended.text and KEY not in repr(ended)
        assert all(count is None or 0 <= count <= 10**9 for count in (ended.prompt_tokens, ended.completion_tokens))
    for text in told:
        assert KEY not in text and text.isprintable() and len(text) < 1000


@settings(max_examples=300, deadline=None)
@given(VALUE | LINE)
def test_any_line_of_a_journal_is_a_reply_that_a_table_takes_or_none(raw: Any) -> None:
    reply = reply_in(json.dumps({"key": REQUEST.key, "reply": raw}).encode() + b"\n")
    if reply is not None:
        assert response_table([Response(0, "i", "p", reply, None)]).schema.equals(RESPONSE_SCHEMA)
        assert reply.prompt_tokens is None or reply.prompt_tokens >= 0
        assert orjson.dumps(reply.to_json())


def test_a_reply_with_a_field_of_a_later_version_is_read() -> None:
    line = b'{"key":"%s","reply":{"status":"ok","text":"a","prompt_tokens":-7,"invented_later":1}}\n'
    assert reply_in(line % REQUEST.key.encode()) == Reply("ok", text="a")
    assert reply_in((line % REQUEST.key.encode()).replace(b"text", b"elsewhere")) is None, "but no answer is lost"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text()))
def test_any_header_asks_for_a_wait_or_for_none(headers: dict[str, str]) -> None:
    wait = wait_from(headers)
    assert wait is None or (wait > 0 and math.isfinite(wait))


@pytest.mark.parametrize("told", ["0.0001", "-900", "0", "1e-9"])
async def test_a_wait_of_next_to_nothing_does_not_spin(server: FakeServer, told: str) -> None:
    """The first pause of the client is the least: it asked thousands of times within seconds."""
    patience = Patience(repeats=0, first=0.2, longest=0.2, in_vain=0.5, for_one=9.0)
    client = Client(server.base_url, KEY, "alpha", patience)
    server.decide = lambda body: Outcome(status=429, body={}, headers={"retry-after-ms": told})
    with pytest.raises(EngineUnavailable, match="overloaded"):
        await client.send(REQUEST)
    await client.close()
    assert server.count < 6


def huge(server: FakeServer) -> Outcome:
    return Outcome(body=b'{"choices": [{"message": {"content": "' + b"a" * 6_000_000 + b'"}}]}')


def bomb(server: FakeServer) -> Outcome:
    data = gzip.compress(b" " * 300_000_000, 1)
    return Outcome(body=data, headers={"content-encoding": "gzip"})


@pytest.mark.parametrize("make", [huge, bomb])
async def test_a_body_without_measure_is_cut_and_not_asked_for_again(
    server: FakeServer, make: Callable[[FakeServer], Outcome]
) -> None:
    server.script = [make(server)]
    client = Client(server.base_url, KEY, "alpha", ONCE)
    reply = await client.send(REQUEST)
    await client.close()
    assert (reply.status, server.count) == ("api_error", 1) and "for 24 tokens" in (reply.detail or "")


async def test_a_long_answer_is_none_without_measure(server: FakeServer) -> None:
    """2,000 tokens of 500 bytes each, which no tokenizer has."""
    text = "ä" * 500_000
    server.script = [answer(text)]
    client = Client(server.base_url, KEY, "alpha", ONCE)
    assert (await client.send(replace(REQUEST, max_tokens=2000))).text == text
    await client.close()


async def test_an_endless_body_ends_with_the_time(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "REQUEST_TIMEOUT", 0.3)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.01)

    slow = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = Client(f"http://127.0.0.1:{slow.sockets[0].getsockname()[1]}/v1", KEY, "alpha", ONCE)
    started = time.monotonic()
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await client.send(REQUEST)
    assert time.monotonic() - started < 10
    await client.close()
    slow.close()


ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in KEY)


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Outcome(body={"error": {"code": 400, "message": f"bad {KEY}"}}), id="error in a 200"),
        pytest.param(Outcome(status=400, body=b'{"error":{"message":"bad %s"}}' % ESCAPED.encode()), id="escaped"),
        pytest.param(Outcome(status=400, body=f"no JSON, but {KEY}".encode()), id="a sentence"),
        pytest.param(Outcome(status=400, body={"detail": [{"loc": ["h"], "msg": KEY, "input": KEY}]}), id="FastAPI"),
        pytest.param(
            Outcome(body={"choices": [{"message": {"content": [{"type": KEY}]}}]}), id="content in strange parts"
        ),
        pytest.param(
            Outcome(body=b'{"model":"%s","choices":[{"finish_reason":"%s","message":{"content":[{"type":"text",'
                    b'"text":"It is %s."}]}}]}' % ((ESCAPED.encode(),) * 3)), id="escaped, in parts",
        ),
    ],
)  # fmt: skip
async def test_a_key_that_is_echoed_is_in_no_field(server: FakeServer, outcome: Outcome) -> None:
    ended = await ask(server, outcome)
    assert isinstance(ended, Reply)
    assert KEY not in json.dumps(ended.to_json()) and "[key]" in json.dumps(ended.to_json())


def test_what_a_server_says_is_told_on_one_printable_line() -> None:
    said = "\x1b[31mred\x1b[0m\r\n\n\tand \u202ereversed\u2028 " + "long " * 1000
    reply = completion(json.dumps({"error": {"code": 400, "message": said}}).encode(), 0.0, 9)
    assert isinstance(reply, Reply) and reply.detail is not None
    assert reply.detail.isprintable() and len(reply.detail) <= 500
    assert reply.detail.startswith("HTTP 400: [31mred [0m and reversed long long")


def test_bytes_that_are_no_utf_8_become_the_sign_for_that() -> None:
    reply = completion(b'{"choices":[{"message":{"content":"Gr\xfc\xdfe \xed\xa0\xbd!"}}]}', 0.0, 9)
    assert isinstance(reply, Reply) and reply.status == "ok"
    assert (reply.text or "").startswith("Gr\ufffd") and (reply.text or "").endswith("!")
    assert pa.array([reply.text]).to_pylist() == [reply.text]
