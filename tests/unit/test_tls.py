"""Encrypted addresses, over a proxy and without: a real certificate authority, a real proxy, nothing patched."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from personas.engines.errors import EngineUnavailable
from personas.engines.http.client import Client
from personas.engines.http.patience import Patience
from personas.engines.request import Request

KEY = "sk-secret-key-of-the-endpoint"
ONCE = Patience(repeats=0, first=0.01, longest=0.02, in_vain=0.0, for_one=2.0)
REQUEST = Request(
    model={"id": "org/alpha"},
    messages=[{"role": "user", "content": "Hello?"}],
    temperature=0.0,
    top_p=1.0,
    max_tokens=8,
    seed=0,
    template_arguments={},
)
BODY = json.dumps(
    {"object": "chat.completion", "choices": [{"message": {"content": "Ahoy."}, "finish_reason": "stop"}]}
).encode()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request and close."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY))
    writer.close()


class Proxy:
    """Connects whoever asks to one port of this machine, and keeps what it was told."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.told = b""

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.told += await reader.readuntil(b"\r\n\r\n")
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.told += data
            writer.write(data)
        writer.close()


@pytest.fixture
async def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of an encrypted server, for `localhost` and `model.invalid`; this process trusts its authority."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "model.invalid").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_an_encrypted_address(port: int) -> None:
    client = Client(f"https://localhost:{port}/v1", KEY, "alpha", ONCE)
    assert (await client.send(REQUEST)).text == "Ahoy."
    await client.close()


async def test_a_certificate_that_nobody_vouches_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    client = Client(f"https://localhost:{port}/v1", KEY, "alpha", ONCE)
    with pytest.raises(EngineUnavailable, match=r"cannot be reached: .*[cC]ertificate") as told:
        await client.send(REQUEST)
    assert KEY not in str(told.value)
    await client.close()


async def test_a_proxy_sees_neither_key_nor_texts(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.connect, "127.0.0.1", 0)
    monkeypatch.setenv("https_proxy", f"http://me:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}")
    client = Client("https://model.invalid/v1", KEY, "alpha", ONCE)
    for number in range(2):
        assert (await client.send(replace(REQUEST, seed=number))).text == "Ahoy."
    await client.close()
    assert proxy.told.count(b"CONNECT model.invalid:443 ") == 2
    assert b"Proxy-Authorization: Basic " in proxy.told
    assert KEY.encode() not in proxy.told and b"Hello?" not in proxy.told
    server.close()


async def test_a_proxy_that_is_not_there_is_named_without_its_password(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://me:secret@127.0.0.1:9")
    client = Client("https://model.invalid/v1", KEY, "alpha", ONCE)
    with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1:9") as told:
        await client.send(REQUEST)
    assert "secret" not in str(told.value)
    await client.close()
