"""What the environment says of proxies and certificates: never read for this machine, one sentence where wrong."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from personas.core.errors import UserError
from personas.engines.http.client import Client
from personas.engines.http.proxies import proxy_for
from tests.helpers import FakeServer

PROXY = "http://me:secret@proxy.invalid:3128"
BROKEN = {
    "ALL_PROXY": "socks5://me:secret@proxy.invalid:9",
    "HTTP_PROXY": "no address",
    "HTTPS_PROXY": "http://proxy:port",
    "NO_PROXY": "[",
    "SSL_CERT_FILE": "/nowhere/authority.pem",
    "SSL_CERT_DIR": "/nowhere",
}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    yield


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.0.0.1/8", "10.1.2.3"),
        ("192.168.1.7", "192.168.1.7"),
        ("192.168.*", "192.168.1.7"),
        ("fd00::/8", "[fd00::7]"),
        ("[fd00::7]", "[fd00::7]"),
        ("[fd00::7]:8000", "[fd00::7]:8000"),
        ("*.cluster.example", "gpu1.cluster.example"),
        ("gpu*.cluster.example", "gpu1.cluster.example"),
        (".cluster.example", "gpu1.cluster.example"),
        ("cluster.example", "gpu1.cluster.example"),
        ("GPU1.Cluster.Example", "gpu1.cluster.example"),
        ("gpu1.cluster.example.", "gpu1.cluster.example"),
        ("gpu1:8000", "gpu1:8000"),
        ("gpu1:80", "gpu1"),
        ("a.example,10.0.0.0/8", "10.1.2.3"),
        ("a.example 10.0.0.0/8", "10.1.2.3"),
        ("*", "gpu1"),
        ("*, a.example", "gpu1"),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_what_no_proxy_leaves_out(name: str, entry: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", PROXY)
    assert proxy_for(f"http://{host}/v1") == PROXY
    monkeypatch.setenv(name, entry)
    assert proxy_for(f"http://{host}/v1") is None


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("10.0.0.0/8", "11.1.2.3"),
        ("10.0.0.0/8", "10.example"),
        ("0.1", "10.0.0.1"),
        ("fd00::/8", "10.0.0.1"),
        ("*.cluster.example", "cluster.example.org"),
        ("cluster.example", "othercluster.example"),
        ("gpu1:8000", "gpu1:9000"),
        ("gpu1:8000", "gpu1"),
        (",, .", "gpu1"),
    ],
)
def test_what_no_proxy_does_not_leave_out(entry: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", PROXY)
    monkeypatch.setenv("no_proxy", entry)
    assert proxy_for(f"http://{host}/v1") == PROXY


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost", "LOCALHOST.", "a.localhost", "0.0.0.0"]
)
def test_this_machine_has_no_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in BROKEN.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(f"http://{host}:8000/v1") is None


async def test_this_machine_is_asked_whatever_the_environment_says(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in BROKEN.items():
        monkeypatch.setenv(name, value)
    client = Client(server.base_url, "none", "alpha")
    assert await client.answers()
    await client.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://me:secret@proxy.invalid:9"),
        ("HTTPS_PROXY", "proxy.invalid:3128"),
        ("HTTPS_PROXY", "http://me:secret@proxy.invalid:port"),
        ("HTTPS_PROXY", "http://me:secret@"),
        ("HTTPS_PROXY", "http://[secret"),
        ("HTTPS_PROXY", "http://me secret@proxy.invalid"),
        ("SSL_CERT_FILE", "/nowhere/authority.pem"),
        ("SSL_CERT_FILE", __file__),
        ("SSL_CERT_FILE", str(Path(__file__).parent)),
    ],
)
def test_a_mistake_is_one_sentence(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=f"^{name}: found ") as caught:
        Client("https://model.invalid/v1", "none", "alpha")
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)
