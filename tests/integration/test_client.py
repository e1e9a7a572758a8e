"""Every way a server can answer becomes one status, or an error with a name."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest
from openai import AsyncOpenAI

from personas.config.sampling import Limits
from personas.core.errors import UserError
from personas.engines.errors import EngineError, EngineRefuses, EngineUnavailable
from personas.engines.http import client as client_module
from personas.engines.http.client import Client
from personas.engines.http.patience import Patience, wait_from
from personas.engines.limits.gate import Gate, Window
from personas.engines.request import STATUSES, Reply, Request
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
QUICK = Patience(repeats=2, first=0.01, longest=0.02, in_vain=0.5, for_one=2.0)
ONCE = replace(QUICK, repeats=0, in_vain=0.0)
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
    made = Client(server.base_url, KEY, "served-alpha", QUICK)
    yield made
    await made.close()


@pytest.mark.parametrize("base", ["http://host:8000/v1", "https://host/v1beta/openai/"])
def test_where_and_as_whom_is_what_the_openai_client_says(base: str) -> None:
    made, theirs = Client(base, KEY, "m"), AsyncOpenAI(base_url=base, api_key=KEY)
    assert made._url == str(theirs.base_url.join("chat/completions"))
    assert theirs.auth_headers.items() <= made._headers.items()


def echo(make: Callable[[str], Outcome]) -> Outcome:
    """Let the server say the key, as careless servers do."""
    return make(f"Incorrect API key provided: {KEY}.")


def tries(server: FakeServer) -> list[dict[str, Any]]:
    """What was asked, without the one word that finds out whether the server answers anything at all."""
    return [body for body in server.bodies if body["messages"] == MESSAGES]


def completion(choice: dict[str, Any]) -> Outcome:
    """A completion with one choice, exactly as given."""
    return Outcome(body={"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})


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
    pytest.param(completion({"finish_reason": "content_filter: PROHIBITED_CONTENT"}), "blocked", None,
                 id="content filter without message, Gemini"),
    pytest.param(completion({"finish_reason": "SAFETY", "message": {"content": "Ha"}}), "blocked", None, id="safety"),
    pytest.param(completion({"finish_reason": "stop"}), "empty", None, id="no message"),
    pytest.param(completion({"finish_reason": "stop", "message": {"content": None, "refusal": "No."}}), "refused",
                 "No.", id="refusal with null content"),
    pytest.param(completion({"finish_reason": "length", "message": {"role": "assistant"}}), "empty", None,
                 id="no content for lack of tokens, Gemini"),
    pytest.param(completion({"finish_reason": "stop", "message": {"content": [{"type": "text", "text": "Hi"}]}}),
                 "ok", "Hi", id="content in parts"),
    pytest.param(completion({"finish_reason": "stop", "message": {"content": [{"type": "image_url"}]}}),
                 "api_error", None, id="content that is no text"),
    pytest.param(completion({"finish_reason": "stop", "message": {"content": 7}}),
                 "api_error", None, id="content that is a number"),
    pytest.param(Outcome(body={"choices": None, "usage": None}), "empty", None, id="null choices"),
    pytest.param(failure(400, "The input token count (1200000) exceeds the maximum number of tokens allowed"),
                 "context_overflow", None, id="context overflow, Gemini"),
    pytest.param(Outcome(status=422, body={"detail": [{"loc": ["body"], "msg": "content_filter"}]}), "api_error",
                 None, id="422, FastAPI"),
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
        pytest.param([failure(429, retry_after="9")], EngineUnavailable,
                     r"stays overloaded: HTTP 429: it failed\. It asks to wait for 9 s", 1, id="429 for too long"),
        pytest.param([failure(429, "no money", "insufficient_quota")], EngineRefuses, "HTTP 429: no money", 1,
                     id="429 that no wait helps"),
        pytest.param([Outcome(status=400, body=[{"error": {"code": 400, "message": "API key not valid. Please pass a "
                     "valid API key.", "status": "INVALID_ARGUMENT"}}])], EngineRefuses, "400: API key not valid", 1,
                     id="400 for a wrong key, Gemini"),
        pytest.param([failure(400, 'Invalid JSON payload received. Unknown name "seed": Cannot find field.')],
                     EngineRefuses, "Unknown name", 1, id="400 for an unknown field, Gemini"),
        pytest.param([failure(400, "use max_completion_tokens", "unsupported_parameter")], EngineRefuses,
                     "max_completion_tokens", 1, id="400 for an unknown field, OpenAI"),
        pytest.param([failure(408)] * 9, EngineUnavailable, "stays busy: HTTP 408", 3, id="408"),
        pytest.param([failure(409)] * 9, EngineUnavailable, "stays busy: HTTP 409", 3, id="409"),
        pytest.param([failure(529)] * 9, EngineUnavailable, "again and again: HTTP 529", 3, id="529"),
        pytest.param([RESET] * 9, EngineUnavailable, "cannot be reached", 3, id="reset"),
        pytest.param([Outcome(body=b"<html>502</html>", headers={"content-type": "text/html"})] * 9,
                     EngineUnavailable, "no completion", 3, id="a page instead of a completion"),
        pytest.param([Outcome(body=b'{"id": "c1", "cho')] * 9,
                     EngineUnavailable, "no completion", 3, id="half a completion"),
        pytest.param([Outcome(body=b"")] * 9, EngineUnavailable, "an empty body", 3, id="nothing"),
        pytest.param([Outcome(body=b"[1]")] * 9, EngineUnavailable, "no completion", 3, id="other JSON"),
        pytest.param([Outcome(body={"status": "ok"})] * 9, EngineUnavailable, "no completion", 3, id="other object"),
        pytest.param([Outcome(body={"error": {"message": "provider gone", "code": 502}})] * 9, EngineUnavailable,
                     "HTTP 502: provider gone", 3, id="an error with status 200, OpenRouter"),
        pytest.param([completion({"finish_reason": "error", "error": {"code": 502}})] * 9, EngineUnavailable,
                     "broke off", 3, id="broken off with status 200, OpenRouter"),
    ],
)  # fmt: skip
async def test_faults_that_are_not_the_requests_own(
    server: FakeServer, client: Client, script: list[Outcome], error: type[EngineError], told: str, requests: int
) -> None:
    server.script = script
    with pytest.raises(error, match=told):
        await client.send(REQUEST)
    assert len(tries(server)) == requests


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([failure(429)], id="429"),
        pytest.param([failure(429)] * 9, id="429 more often than there are repeats"),
        pytest.param([failure(500), *[failure(429)] * 9, failure(500)], id="429 between faults"),
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


@pytest.mark.parametrize(
    ("outcome", "least"),
    [
        pytest.param(failure(429, retry_after="1"), 1.0, id="seconds"),
        pytest.param(failure(429, retry_after_ms="700"), 0.7, id="milliseconds"),
        pytest.param(None, 1.0, id="date"),
        pytest.param(Outcome(status=429, body=[{"error": {"code": 429, "message": "quota",
                     "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.8s"}]}}]),
                     0.8, id="in the body, Gemini"),
        pytest.param(failure(503, retry_after="1"), 1.0, id="503"),
    ],
)  # fmt: skip
async def test_a_told_wait_is_honoured(server: FakeServer, outcome: Outcome | None, least: float) -> None:
    client = Client(server.base_url, KEY, "alpha", replace(QUICK, in_vain=5.0, for_one=5.0))
    in_two_seconds = formatdate(time.time() + 2, usegmt=True)  # without fractions
    server.script = [outcome or failure(429, retry_after=in_two_seconds)]
    started = time.monotonic()
    assert (await client.send(REQUEST)).status == "ok"
    assert time.monotonic() - started >= least - 0.05
    await client.close()


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": "7", "retry-after-ms": "1500"}, 1.5, id="milliseconds are finer"),
        pytest.param({"retry-after": formatdate(160.0), "date": formatdate(100.0)}, 60.0, id="by the server's clock"),
        pytest.param({"retry-after": formatdate(100.0), "date": formatdate(160.0)}, None, id="in the past"),
        pytest.param({"retry-after": "0"}, None, id="none"),
        pytest.param({"retry-after": "-3"}, None, id="negative"),
        pytest.param({"retry-after": "nan"}, None, id="no number"),
        pytest.param({"retry-after": "soon"}, None, id="nonsense"),
    ],
)
def test_what_headers_ask_to_wait(headers: dict[str, str], wait: float | None) -> None:
    assert wait_from(headers) == wait


async def test_one_request_that_is_told_to_wait_holds_back_all(server: FakeServer) -> None:
    """64 requests and an overloaded server: while it says so, one at a time finds out, and then all go."""
    client = Client(server.base_url, KEY, "alpha", replace(QUICK, in_vain=30.0, for_one=30.0))
    server.script = [failure(429, retry_after_ms="1500"), failure(429, retry_after_ms="1500")]
    first = asyncio.create_task(client.send(REQUEST))
    while not server.count:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # the first answer has come
    others = [asyncio.create_task(client.send(dataclasses.replace(REQUEST, seed=n))) for n in range(63)]
    await asyncio.sleep(0.05)
    assert server.count == 1, "all wait, as the first was told to"
    replies = await asyncio.gather(first, *others)
    assert {reply.status for reply in replies} == {"ok"} and server.count == 66, "one 429 for each wait"
    await client.close()


async def test_a_success_elsewhere_renews_the_patience(server: FakeServer) -> None:
    """Patience in vain is without any success: a client that gets on is not given up."""
    client = Client(server.base_url, KEY, "alpha", replace(QUICK, in_vain=0.3, for_one=9.0))
    server.script = [failure(429, retry_after_ms="200"), answer("a"), failure(429, retry_after_ms="200"), answer("b")]
    replies = [await client.send(REQUEST) for _ in range(2)]
    assert [reply.text for reply in replies] == ["a", "b"]
    server.script = [failure(429, retry_after_ms="200")] * 9
    with pytest.raises(EngineUnavailable, match="stays overloaded"):
        await client.send(REQUEST)
    await client.close()


async def test_a_set_clock_changes_no_wait(
    server: FakeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, real = [1e9], time.time

    def jumping() -> float:
        wall[0] = -wall[0] + 1e9
        return real() + wall[0]

    monkeypatch.setattr(time, "time", jumping)
    server.script = [failure(429, retry_after_ms="30"), failure(500), failure(503, retry_after_ms="30")]
    assert (await client.send(REQUEST)).status == "ok"


async def test_what_the_address_does_not_know_is_left_out(server: FakeServer) -> None:
    client = Client(server.base_url, KEY, "alpha", QUICK, frozenset({"seed", "top_p"}))
    await client.send(REQUEST)
    assert server.bodies[0].keys() == {"model", "messages", "temperature", "max_tokens"}
    await client.close()


async def test_other_names_and_fields_left_out(server: FakeServer) -> None:
    out = frozenset({"temperature", "response_format", "chat_template_kwargs", "reasoning_effort"})
    client = Client(server.base_url, KEY, "alpha", QUICK, out, "max_completion_tokens")
    more: dict[str, Any] = {
        "template_arguments": {"a": 1},
        "effort": "low",
        "enforced": {"response_format": {"type": "json_object"}},
    }
    await client.send(dataclasses.replace(REQUEST, **more))
    assert server.bodies[0].keys() == {"model", "messages", "top_p", "max_completion_tokens", "seed"}
    assert server.bodies[0]["max_completion_tokens"] == 24
    await client.close()


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        pytest.param([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                      {"type": "text", "text": "4"}], "4", "hm", id="Mistral"),
        pytest.param([{"type": "output_text", "text": "4"}, {"type": "output_text", "text": "2"}],
                     "42", None, id="two"),
        pytest.param([{"type": "reasoning", "text": "hm"}, "4", {"type": "reference", "reference_ids": [1]}],
                     "4", "hm", id="texts, and parts without one"),
        pytest.param({"type": "text", "text": "4"}, "4", None, id="one part, no list"),
        pytest.param([], "", None, id="none"),
    ],
)  # fmt: skip
async def test_content_in_parts(
    server: FakeServer, client: Client, content: Any, text: str, reasoning: str | None
) -> None:
    server.script = [completion({"message": {"role": "assistant", "content": content}, "finish_reason": "stop"})]
    reply = await client.send(REQUEST)
    assert (reply.text, reply.reasoning, reply.status) == (text, reasoning, "ok" if text else "empty")


async def test_a_request_that_is_put_off_for_too_long_while_others_are_answered_is_data(server: FakeServer) -> None:
    client = Client(server.base_url, KEY, "alpha", replace(QUICK, in_vain=9.0, for_one=0.3))
    server.decide = lambda body: failure(429, "no room", retry_after_ms="50") if body["seed"] == 1 else None
    put_off = asyncio.create_task(client.send(dataclasses.replace(REQUEST, seed=1)))
    while not put_off.done():
        assert (await client.send(REQUEST)).status == "ok"
    assert put_off.result().status == "api_error" and "HTTP 429: no room" in (put_off.result().detail or "")
    await client.close()


async def test_connections_are_used_again_and_grow_with_the_requests_under_way(server: FakeServer) -> None:
    client = Client(server.base_url, KEY, "alpha", QUICK)
    server.decide = lambda body: answer("x", pause=0.5)
    for _ in range(2):
        await asyncio.gather(*(client.send(dataclasses.replace(REQUEST, seed=n)) for n in range(200)))
    assert server.most > 150
    await client.close()


async def test_429_without_retry_after_is_asked_again_after_a_pause(server: FakeServer, client: Client) -> None:
    server.script = [Outcome(status=429, body={"error": {"message": "slow down"}})]
    started = time.monotonic()
    assert (await client.send(REQUEST)).status == "ok"
    assert time.monotonic() - started >= 0.005


async def test_a_server_that_hangs(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "REQUEST_TIMEOUT", 0.5)
    client = Client(server.base_url, KEY, "alpha", ONCE)
    server.script = [HANG] * 9
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await client.send(REQUEST)
    await client.close()


async def test_nobody_listens() -> None:
    client = Client("http://127.0.0.1:9/v1", KEY, "alpha", ONCE)
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
        pytest.param(failure(400), False, id="refused"),
        pytest.param(Outcome(body=b"<html>"), False, id="a page"),
        pytest.param(RESET, False, id="reset"),
    ],
)
async def test_answers(server: FakeServer, client: Client, outcome: Outcome, ready: bool) -> None:
    server.script = [outcome]
    assert await client.answers() is ready
    assert (server.count, server.bodies[0]["max_tokens"]) == (1, 1)


async def test_what_is_sent(server: FakeServer, client: Client) -> None:
    request = dataclasses.replace(REQUEST, template_arguments={"enable_thinking": False}, effort="low")
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
            "reasoning_effort": "low",
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
    "enforced": {"response_format": {"type": "json_object"}},
    "effort": "low",
}
MEASUREMENT: dict[str, Any] = {"what": "bfi", "before": 3, "by": "writer"}


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
    server.script = [echo(lambda text: failure(status, text))] * 999
    told: list[str] = []
    try:
        told.append(repr(await client.send(REQUEST)))
    except EngineError as error:
        told.append(repr(error))
    assert "Incorrect API key" in told[0] and KEY not in told[0]


def test_a_reply_leaves_out_what_is_unknown() -> None:
    assert Reply("ok", text="").to_json() == {"status": "ok", "text": ""}


async def test_a_proxy_of_the_environment_is_used_for_other_machines_only(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake server answers as the proxy; nothing is called model.invalid."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.base_url.removesuffix("/v1"))
    far, near = (Client(url, KEY, "alpha", ONCE) for url in ("http://model.invalid/v1", "http://127.0.0.1:9/v1"))
    assert (await far.send(REQUEST)).status == "ok" and server.count == 1
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await near.send(REQUEST)
    monkeypatch.setenv("no_proxy", "model.invalid")
    direct = Client("http://model.invalid/v1", KEY, "alpha", ONCE)
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await direct.send(REQUEST)
    assert server.count == 1
    for client in (far, near, direct):
        await client.close()


async def test_a_proxy_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named by its variable only: its address may hold a password."""
    monkeypatch.setenv("all_proxy", "socks5://me:secret@127.0.0.1:9")
    with pytest.raises(UserError, match="ALL_PROXY") as caught:
        Client("https://model.invalid/v1", KEY, "alpha", ONCE)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_an_address_that_moved(server: FakeServer, client: Client, status: int) -> None:
    """It is not followed: the key would go to whatever address a server names."""
    server.script = [Outcome(status=status, body={}, headers={"location": f"{server.base_url}/else?key={KEY}"})]
    with pytest.raises(EngineRefuses, match=rf"HTTP {status}: .*/v1/else\?key=\[key\]; name that place in base_url"):
        await client.send(REQUEST)
    assert server.count == 1


async def test_requests_that_wait_at_the_gate_are_held_back_too(server: FakeServer) -> None:
    client = Client(server.base_url, KEY, "alpha", replace(QUICK, in_vain=5.0, for_one=5.0))
    gate = Gate(Limits(requests_per_minute=1))
    gate.requests = Window(1, seconds=0.4)
    client.limit(gate)
    server.script = [failure(429, retry_after_ms="2000")]
    started = time.monotonic()
    asking = [asyncio.create_task(client.send(dataclasses.replace(REQUEST, seed=n))) for n in range(3)]
    await asyncio.sleep(1.2)
    assert server.count == 1, "the gate would have let the others pass by now"
    assert {reply.status for reply in await asyncio.gather(*asking)} == {"ok"}
    assert server.count == 4 and time.monotonic() - started >= 2.0
    await client.close()
