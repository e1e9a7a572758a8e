"""Weights come before the first batch: rules in a dry run, records in a run, nothing once they are here."""

import json
import signal
import threading
from pathlib import Path

import pytest
import yaml

from tests.fake_hub import COMMIT, TOKEN, FakeHub, repository
from tests.helpers import FakeServer
from tests.workflow.conftest import Checkout, fake_model, tiny_config

pytestmark = pytest.mark.workflow

VLLM = {
    "engine": "vllm",
    "id": "org/some",
    "revision": COMMIT,
    "context_length": 512,
    "sampling": {"temperature": 0.0, "max_tokens": 16},
}


@pytest.fixture
def study(checkout: Checkout) -> Checkout:
    """A study with a model and a judge on the hub; the profile `gpu` names the cache."""
    judge = {"model": VLLM | {"id": "org/judge"}, "utterances": ["style"], "benchmarks": [], "models": ["hosted"]}
    models = {"hosted": fake_model("http://127.0.0.1:9/v1"), "local": VLLM}
    checkout.configure(tiny_config(models=models, judges={"jay": judge}, patterns={"benchmarks": []}))
    profile = {"config": {"machine": {"weights_cache": "weights", "gpus": [0]}}}
    (checkout.folder / "profiles/some").mkdir()
    (checkout.folder / "profiles/some/config.yaml").write_text(yaml.safe_dump(profile))
    return checkout


def test_weights_before_the_first_batch(study: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    dry = study.run("-n", "--profile", "profiles/some", "--quiet", "host")
    assert "Downloading the weights of local" in dry and "Downloading the weights of jay" in dry
    assert f"models.local: the weights of org/some at {COMMIT[:12]} are not here yet" in dry
    assert not study.results.exists() and not (study.folder / "weights").exists()

    unreachable = study.run("--profile", "profiles/some", "fetch", "-k", check=False)
    assert "cannot be reached for the weights of org/some (HF_HUB_OFFLINE is set)" in unreachable

    both = {"org/some": repository(1000), "org/judge": repository(1000)}
    with FakeHub(both, gated=True, members=frozenset({TOKEN})) as hub:
        monkeypatch.delenv("HF_HUB_OFFLINE")
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        study.run("--profile", "profiles/some", "fetch")
        records = {path.stem: json.loads(path.read_text()) for path in study.results.glob("runs/*/weights/*.json")}
        assert records.keys() == {"local", "jay"}
        assert (records["local"]["id"], records["local"]["revision"]) == ("org/some", COMMIT)
        assert (Path(study.folder) / records["local"]["folder"] / "config.json").is_file()
    holding = [f for f in study.folder.rglob("*") if f.is_file() and TOKEN.encode() in f.read_bytes()]
    assert holding == []

    again = study.run("-n", "--profile", "profiles/some", "--quiet", "host")
    assert "Downloading" not in again and "not here yet" not in again and "generate_local_01" in again


def test_a_batch_waits_for_its_weights_only(study: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with FakeServer() as server:
        models = {"hosted": fake_model(server.base_url), "local": VLLM}
        study.configure(tiny_config(models=models, patterns={"benchmarks": []}))
        output = study.run("generate", "-k", "--config", "machine={weights_cache: hub, gpus: [0]}", check=False)
    assert "models.local: " in output and "cannot be reached" in output
    assert len(list((study.results / "responses").glob("hosted/**/*.parquet"))) == 2 * 2 * 2
    assert not list((study.results / "responses").glob("local/**/*.parquet"))


def test_a_download_ends_with_its_snakemake_and_goes_on_in_the_next_run(
    study: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.configure(tiny_config(models={"local": VLLM}, machine={"weights_cache": "weights"}))
    held = threading.Event()
    with FakeHub(hold=held) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        process = study.start("fetch")
        study.wait_for(lambda: list((study.folder / "weights").rglob("*.incomplete")), "a download that began")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        study.wait_for(lambda: not study.processes(), "the end of all processes", timeout=30)
        held.set()
        study.run("fetch")
    assert len(list(study.results.glob("runs/*/weights/local.json"))) == 1
