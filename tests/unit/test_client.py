"""Every way a server can answer becomes one status, or an error with a name."""

import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from scripts.engines import client as client_module
from scripts.engines.client import Client
from scripts.engines.errors import EngineError, EngineRefuses, EngineUnavailable
from scripts.engines.request import STATUSES, Reply, Request
from tests.helpers import (
    HANG,
    OVERFLOW_LLAMACPP,
    OVERFLOW_OPENAI,
    RESET,
    FakeServer,
    Outcome,
    answer,
    failure,
    said,
)

KEY = "sk-secret-key-of-the-endpoint"
MESSAGES = [{"role": "system", "content": "You are A."}, {"role": "user", "content": "Grüße?"}]
REQUEST = Request(
    model={"id": "org/alpha", "revision": "r1", "engine": "endpoint", "weights": None},
    messages=MESSAGES,
    temperature=0.5,
    top_p=0.9,
    max_tokens=24,
    seed=7,
    template_arguments={},
)


@pytest.fixture
async def client(server: FakeServer) -> AsyncIterator[Client]:
    made = Client(server.base_url, KEY, "served-alpha", retries=2)
    yield made
    await made.close()


def echo(make: Callable[[str], Outcome]) -> Outcome:
    """Let the server say the key, as careless servers do."""
    return make(f"Incorrect API key provided: {KEY}.")


STATUS = [
    pytest.param(answer("Hello."), "ok", "Hello.", id="ok"),
    pytest.param(answer("  kept as it is\n"), "ok", "  kept as it is\n", id="blanks are kept"),
    pytest.param(answer("Hel", "length"), "truncated", "Hel", id="length"),
    pytest.param(answer(""), "empty", "", id="empty"),
    pytest.param(answer(" \n"), "empty", " \n", id="blank"),
    pytest.param(answer("", "length"), "empty", "", id="empty for lack of tokens"),
    pytest.param(answer(None), "empty", None, id="null content"),
    pytest.param(Outcome(body={"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []}),
                 "empty", None, id="no choice"),
    pytest.param(answer("Hal", "content_filter"), "blocked", None, id="content filter"),
    pytest.param(answer(None, "content_filter"), "blocked", None, id="content filter without text"),
    pytest.param(Outcome(refusal="I cannot."), "refused", "I cannot.", id="refusal"),
    pytest.param(OVERFLOW_OPENAI, "context_overflow", None, id="context overflow, OpenAI"),
    pytest.param(OVERFLOW_LLAMACPP, "context_overflow", None, id="context overflow, llama.cpp"),
    pytest.param(failure(400, "The response was filtered", "content_filter"), "blocked", None, id="blocked prompt"),
    pytest.param(failure(400, "top_p must be positive"), "api_error", None, id="400, other"),
    pytest.param(failure(422, "no such field"), "api_error", None, id="422"),
    pytest.param(failure(413, "payload too large"), "api_error", None, id="413"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "status", "text"), STATUS)
async def test_status(server: FakeServer, client: Client, outcome: Outcome, status: str, text: str | None) -> None:
    server.script = [outcome]
    reply = await client.send(REQUEST)
    assert (reply.status, reply.text) == (status, text) and reply.status in STATUSES
    assert server.count == 1, "an answer, and a fault of the request, is never asked again"
    assert reply.detail or status not in ("api_error", "context_overflow", "blocked"), "a fault says why"


@pytest.mark.parametrize(
    ("script", "error", "told", "requests"),
    [
        pytest.param([failure(401, "bad key")], EngineRefuses, "HTTP 401: .*bad key", 1, id="401"),
        pytest.param([failure(402, "no credit")], EngineRefuses, "HTTP 402: .*no credit", 1, id="402"),
        pytest.param([failure(405, "wrong path")], EngineRefuses, "HTTP 405: .*wrong path", 1, id="405"),
        pytest.param([failure(403, "not yours")], EngineRefuses, "HTTP 403: .*not yours", 1, id="403"),
        pytest.param([failure(404, "no such model")], EngineRefuses, "HTTP 404: .*no such model", 1, id="404"),
        pytest.param([failure(500)] * 9, EngineUnavailable, "fails again and again: HTTP 500", 3, id="500"),
        pytest.param([failure(503)] * 9, EngineUnavailable, "fails again and again: HTTP 503", 3, id="503"),
        pytest.param([failure(429)] * 9, EngineUnavailable, "stays overloaded: HTTP 429", 3, id="429"),
        pytest.param([RESET] * 9, EngineUnavailable, "cannot be reached", 3, id="reset"),
        pytest.param([Outcome(body=b"<html>502</html>", headers={"content-type": "text/html"})] * 9,
                     EngineUnavailable, "no completion", 1, id="a page instead of a completion"),
        pytest.param([Outcome(body=b'{"id": "c1", "cho')] * 9,
                     EngineUnavailable, "no completion", 1, id="half a completion"),
    ],
)  # fmt: skip
async def test_faults_that_are_not_the_requests_own(
    server: FakeServer, client: Client, script: list[Outcome], error: type[EngineError], told: str, requests: int
) -> None:
    server.script = script
    with pytest.raises(error, match=told):
        await client.send(REQUEST)
    assert server.count == requests


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([failure(429)], id="429"),
        pytest.param([failure(500), failure(502)], id="burst of 5xx"),
        pytest.param([RESET], id="reset"),
    ],
)
async def test_asked_again_after(server: FakeServer, client: Client, script: list[Outcome]) -> None:
    asked = len(script) + 1
    server.script = script
    reply = await client.send(REQUEST)
    assert (reply.status, reply.text, server.count) == ("ok", said(MESSAGES), asked)
    assert server.bodies == [server.bodies[0]] * asked


async def test_retry_after_is_honoured(server: FakeServer, client: Client) -> None:
    server.script = [failure(429, retry_after="2")]
    started = time.monotonic()
    assert (await client.send(REQUEST)).status == "ok"
    assert time.monotonic() - started >= 1.9


async def test_429_without_retry_after_is_asked_again_after_a_pause(server: FakeServer, client: Client) -> None:
    server.script = [Outcome(status=429, body={"error": {"message": "slow down"}})]
    started = time.monotonic()
    assert (await client.send(REQUEST)).status == "ok"
    assert time.monotonic() - started >= 0.3


async def test_a_server_that_hangs(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "REQUEST_TIMEOUT", 0.5)
    client = Client(server.base_url, KEY, "alpha", retries=0)
    server.script = [HANG]
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await client.send(REQUEST)
    await client.close()


async def test_nobody_listens() -> None:
    client = Client("http://127.0.0.1:9/v1", KEY, "alpha", retries=0)
    assert not await client.answers()
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await client.send(REQUEST)
    await client.close()


@pytest.mark.parametrize(
    ("outcome", "ready"),
    [
        pytest.param(answer("x", "length"), True, id="a token"),
        pytest.param(failure(503, "loading model"), False, id="loading"),
        pytest.param(failure(401), False, id="wrong key"),
        pytest.param(RESET, False, id="reset"),
    ],
)
async def test_answers(server: FakeServer, client: Client, outcome: Outcome, ready: bool) -> None:
    server.script = [outcome]
    assert await client.answers() is ready
    assert (server.count, server.bodies[0]["max_tokens"]) == (1, 1)


async def test_what_is_sent(server: FakeServer, client: Client) -> None:
    request = dataclasses.replace(REQUEST, template_arguments={"enable_thinking": False})
    await client.send(request, {"id_slot": 3})
    assert server.bodies == [
        {
            "model": "served-alpha",
            "messages": MESSAGES,
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 24,
            "seed": 7,
            "chat_template_kwargs": {"enable_thinking": False},
            "id_slot": 3,
        }
    ]
    assert server.keys == [KEY]


async def test_what_is_told_of_the_answer(server: FakeServer, client: Client) -> None:
    server.script = [answer("one two three")]
    reply = await client.send(REQUEST)
    counts = (reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)
    assert counts == (4, 3, 1) and reply.served_by == "fake-1" and reply.finish_reason == "stop"
    assert reply.seconds is not None and 0 <= reply.seconds < 60


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_reasoning_is_kept_apart(server: FakeServer, client: Client, field: str) -> None:
    message = {"role": "assistant", "content": "Yes.", field: "Hm."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    server.script = [
        Outcome(body={"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})
    ]
    reply = await client.send(REQUEST)
    assert (reply.text, reply.reasoning, reply.prompt_tokens) == ("Yes.", "Hm.", None)


CHANGES: dict[str, Any] = {
    "model": {**REQUEST.model, "revision": "r2"},
    "messages": [*MESSAGES[:1], {"role": "user", "content": "Gruß?"}],
    "temperature": 0.6,
    "top_p": 0.8,
    "max_tokens": 25,
    "seed": 8,
    "template_arguments": {"a": 1},
    "response_format": {"type": "json_object"},
}
MEASUREMENT: dict[str, Any] = {"what": "bfi", "before": 3}


@pytest.mark.parametrize("field", MEASUREMENT)
def test_the_key_does_not_depend_on(field: str) -> None:
    assert dataclasses.replace(REQUEST, **{field: MEASUREMENT[field]}).key == REQUEST.key


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Request) if f.name not in MEASUREMENT])
def test_the_key_depends_on(field: str) -> None:
    assert dataclasses.replace(REQUEST, **{field: CHANGES[field]}).key != REQUEST.key
    assert len(REQUEST.key) == 64


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param(MESSAGES[::-1], id="order"),
        pytest.param([{"role": "developer", "content": "You are A."}, MESSAGES[1]], id="role"),
        pytest.param(MESSAGES[1:], id="one less"),
    ],
)
def test_the_key_depends_on_each_message(messages: Sequence[dict[str, str]]) -> None:
    assert dataclasses.replace(REQUEST, messages=messages).key != REQUEST.key


async def test_the_key_does_not_depend_on_the_address(server: FakeServer) -> None:
    before, clients = REQUEST.key, [Client(url, KEY, "a") for url in (server.base_url, server.base_url + "/")]
    replies = [await client.send(dataclasses.replace(REQUEST)) for client in clients]
    assert [reply.text for reply in replies] == [said(MESSAGES)] * 2
    assert dataclasses.replace(REQUEST).key == before and not hasattr(REQUEST, "base_url")
    for client in clients:
        await client.close()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
async def test_the_api_key_appears_nowhere(server: FakeServer, client: Client, status: int) -> None:
    server.script = [echo(lambda text: failure(status, text))] * 9
    told: list[str] = []
    try:
        told.append(repr(await client.send(REQUEST)))
    except EngineError as error:
        told.append(repr(error))
    assert "Incorrect API key" in told[0] and KEY not in told[0]


def test_a_reply_leaves_out_what_is_unknown() -> None:
    assert Reply("ok", text="").to_json() == {"status": "ok", "text": ""}
