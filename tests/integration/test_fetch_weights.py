"""Weights from a hub: the right files, whole; each failure one sentence; what was downloaded is not asked again."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.engines.kinds.vllm import VllmModel
from personas.external import hub as hub_module
from personas.external.cache import is_wanted, snapshot
from personas.external.hub import Hub
from personas.external.needed import HubModel
from personas.external.repository import FetchResult
from personas.external.weights import fetch_weights, gigabytes
from tests.fake_hub import COMMIT, NEEDED, TOKEN, FakeHub, repository
from tests.helpers import PATIENCE, SAMPLING, Project

VLLM = {"engine": "vllm", "id": "org/some", "revision": COMMIT, "context_length": 512, "sampling": dict(SAMPLING)}
SHARD = "model-00001-of-00002.safetensors"
LARGE = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "tokenizer.json")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setattr(hub_module, "PAUSES", (0.01, 0.01, 0.01))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", "/nonexistent/token")
    with FakeHub() as running:
        yield running


def model(**changes: Any) -> VllmModel:
    return validate(VllmModel, VLLM | changes, "test")


def fetched(hub: FakeHub, cache: Path, token: str | None = None, free: int = 10**12, **changes: Any) -> FetchResult:
    asked = HubModel("some", "models.some", model(**changes))
    return next(fetch_weights([asked], Hub(hub.endpoint, token, cache), lambda folder: free))


def refusal(hub: FakeHub, cache: Path, **changes: Any) -> str:
    with pytest.raises(UserError) as refused:
        fetched(hub, cache, **changes)
    sentence = str(refused.value)
    assert "\n" not in sentence and TOKEN not in sentence
    return sentence


def files_of(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_what_vllm_needs_is_downloaded_and_nothing_else(hub: FakeHub, tmp_path: Path) -> None:
    done = fetched(hub, tmp_path)
    wanted = {name: data for name, data in repository().items() if name in NEEDED}
    assert files_of(done.folder) == NEEDED
    assert all((done.folder / name).read_bytes() == data for name, data in wanted.items())
    assert done.downloaded == sum(map(len, wanted.values()))
    assert sorted(hub.downloads()) == sorted(NEEDED), "each file once"
    assert done.folder == snapshot(model(), tmp_path)


def test_code_only_where_the_config_runs_it(hub: FakeHub, tmp_path: Path) -> None:
    assert "modeling_some.py" in files_of(fetched(hub, tmp_path, remote_code=True).folder)


def test_a_second_fetch_asks_nothing(hub: FakeHub, tmp_path: Path) -> None:
    first = fetched(hub, tmp_path)
    hub.seen.clear()
    assert fetched(hub, tmp_path) == FetchResult(first.hub_model, first.folder, 0)
    assert hub.seen == []


def test_a_complete_cache_may_be_read_only(hub: FakeHub, tmp_path: Path) -> None:
    fetched(hub, tmp_path)
    shutil.rmtree(tmp_path / ".locks")
    before = set(tmp_path.rglob("*"))
    fetched(hub, tmp_path)
    assert set(tmp_path.rglob("*")) == before, "not even a lock"


BROKEN: dict[str, Callable[[Path], object]] = {
    "a shard is gone": lambda folder: (folder / SHARD).unlink(),
    "its content is gone": lambda folder: (folder / SHARD).resolve().unlink(),
    "a shard is cut": lambda folder: (folder / SHARD).resolve().write_bytes(b"short"),
    "the tokenizer is gone": lambda folder: (folder / "tokenizer.json").unlink(),
    "a setting is cut": lambda folder: (folder / "config.json").resolve().write_bytes(b"{"),
    "no config": lambda folder: (folder / "config.json").unlink(),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_an_incomplete_snapshot_is_none(hub: FakeHub, tmp_path: Path, reason: str) -> None:
    BROKEN[reason](fetched(hub, tmp_path).folder)
    assert snapshot(model(), tmp_path) is None


@pytest.mark.parametrize("reason", [reason for reason in BROKEN if "is cut" not in reason])
def test_an_incomplete_snapshot_of_an_older_library_is_none(hub: FakeHub, tmp_path: Path, reason: str) -> None:
    """Older libraries do not note what a repository holds; nor does a library read the note again in one process."""
    folder = fetched(hub, tmp_path / "there").folder
    other = tmp_path / "copied" / "models--org--some" / "snapshots" / COMMIT
    shutil.copytree(folder, other)
    for tokenizer in other.glob("tokenizer_*"):
        tokenizer.unlink()
    assert snapshot(model(), tmp_path / "copied") == other
    BROKEN[reason](other)
    assert snapshot(model(), tmp_path / "copied") is None


@pytest.mark.parametrize("reason", BROKEN)
def test_what_a_broken_snapshot_lacks_is_downloaded_again(hub: FakeHub, tmp_path: Path, reason: str) -> None:
    folder = fetched(hub, tmp_path).folder
    BROKEN[reason](folder)
    hub.seen.clear()
    fetched(hub, tmp_path)
    assert (folder / SHARD).read_bytes() == repository()[SHARD]
    lost = {"its content is gone": [SHARD], "a shard is cut": [SHARD], "a setting is cut": ["config.json"]}
    assert hub.downloads() == lost.get(reason, []), "only what is gone; a lost link is made again"


def test_a_connection_that_breaks_goes_on_where_it_broke(hub: FakeHub, tmp_path: Path) -> None:
    hub.cut_after = [1_000_000, 500_000, 700_000, 200_000, 100_000, 300_000, 100_000]
    fetched(hub, tmp_path)
    assert hub.sent == sum(len(data) for name, data in repository().items() if name in NEEDED), "no byte twice"


def test_a_killed_download_goes_on_where_it_was(hub: FakeHub, tmp_path: Path) -> None:
    hub.cut_after = [2_000_000] * 4 + [0] * 20
    assert "cannot be reached" in refusal(hub, tmp_path)
    large = {hashlib.sha256(data).hexdigest(): len(data) for name, data in repository().items() if name in LARGE}
    blobs = (tmp_path / "models--org--some/blobs").iterdir()
    kept = sum(blob.stat().st_size for blob in blobs if blob.name.partition(".")[0] in large)
    assert 2_000_000 <= kept < sum(large.values())
    hub.cut_after, before = [], hub.sent
    done = fetched(hub, tmp_path)
    assert hub.sent - before == done.downloaded == sum(large.values()) - kept


def test_a_server_without_ranges_sends_all_again(hub: FakeHub, tmp_path: Path) -> None:
    hub.ranges, hub.cut_after = False, [1_000_000]
    assert (fetched(hub, tmp_path).folder / SHARD).read_bytes() == repository()[SHARD]


def test_a_content_that_is_not_the_pinned_one_is_refused_and_not_kept(hub: FakeHub, tmp_path: Path) -> None:
    hub.spoil = b"evil"
    assert "sends another content of " in refusal(hub, tmp_path)
    assert not (tmp_path / "models--org--some/snapshots" / COMMIT / SHARD).exists()
    hub.spoil = b""
    assert (fetched(hub, tmp_path).folder / SHARD).read_bytes() == repository()[SHARD]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_asked_again(hub: FakeHub, tmp_path: Path, status: int) -> None:
    hub.fail = [status, status]
    fetched(hub, tmp_path)


def test_a_hub_that_stays_overloaded_is_one_sentence(hub: FakeHub, tmp_path: Path) -> None:
    hub.fail = [503] * 50
    sentence = refusal(hub, tmp_path)
    assert sentence == (
        f"models.some: {hub.endpoint} answers 503 for org/some; run the same command later, what was downloaded "
        "stays."
    )


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "gated, no token": (
        {"gated": True},
        "models.some: org/some is gated; accept its terms at {hub}/org/some, then set HF_TOKEN in the environment.",
    ),
    "gated, no access": (
        {"gated": True, "token": TOKEN},
        "models.some: org/some is gated, and the account of the token in HF_TOKEN has no access; accept its terms at "
        "{hub}/org/some with that account, and let the token read gated repositories.",
    ),
    "unknown repository": (
        {"id": "org/other"},
        "models.some.id: found 'org/other', which {hub} does not know or shows only to a token (HF_TOKEN), expected "
        "a model there.",
    ),
    "unknown repository with a token": (
        {"id": "org/other", "token": TOKEN},
        "models.some.id: found 'org/other', which {hub} does not know or has no access to, expected a model there.",
    ),
    "no repository": (
        {"id": "some model/of/mine"},
        "models.some.id: found 'some model/of/mine', expected the id of a repository, owner/name.",
    ),
    "unknown commit": (
        {"revision": "ab" * 20},
        "models.some.revision: found '" + "ab" * 20 + "', which org/some does not have, expected a commit: "
        "{hub}/org/some/commits.",
    ),
    "unknown branch": (
        {"revision": "v9"},
        "models.some.revision: found 'v9', which org/some does not have, expected a commit: {hub}/org/some/commits.",
    ),
    "a branch": (
        {"revision": "main"},
        f"models.some.revision: found 'main', which is {COMMIT} now and may move, expected that commit.",
    ),
    "pickled weights only": (
        {"id": "org/old"},
        "models.some.id: org/old has no config.json, or no weights as .safetensors files, at this revision, expected "
        "both.",
    ),
    "disk too small": (
        {"free": 1_500_000},
        "machine.weights_cache: the disk of {cache} has 0.0015 GB free, expected 0.00602 GB for the weights of some; "
        "make room, or name a folder on another disk.",
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_refusal_is_one_sentence_and_downloads_nothing(hub: FakeHub, tmp_path: Path, reason: str) -> None:
    changes, sentence = REFUSED[reason]
    hub.gated = changes.get("gated", False)
    hub.repositories["org/old"] = {"config.json": b"{}", "pytorch_model.bin": b"p"}
    told = refusal(hub, tmp_path, **{key: value for key, value in changes.items() if key != "gated"})
    assert told == sentence.format(hub=hub.endpoint, cache=tmp_path)
    assert hub.downloads() == []


def test_a_member_of_a_gated_repository_gets_it(hub: FakeHub, tmp_path: Path) -> None:
    hub.gated, hub.members = True, frozenset({TOKEN})
    assert files_of(fetched(hub, tmp_path, token=TOKEN).folder) == NEEDED


def test_the_storage_behind_a_hub_gets_no_token(hub: FakeHub, tmp_path: Path) -> None:
    """The hub sends large files on to signed addresses elsewhere."""
    with FakeHub() as storage:
        hub.gated, hub.members, hub.storage = True, frozenset({TOKEN}), storage.endpoint
        storage.cut_after = [1_000_000, 1_000_000]
        assert files_of(fetched(hub, tmp_path, token=TOKEN).folder) == NEEDED
    assert set(storage.downloads()) == set(LARGE)
    assert (hub.tokens, storage.tokens) == ({TOKEN}, {""})


def test_a_token_that_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    hub.fail = [403]
    assert refusal(hub, tmp_path, token=TOKEN) == (
        f"models.some: {hub.endpoint} refuses the token in HF_TOKEN for org/some, expected a token that may read it."
    )


def test_every_model_that_is_refused_is_told_at_once(hub: FakeHub, tmp_path: Path) -> None:
    asked = [HubModel(slug, f"models.{slug}", model(id=f"org/{slug}")) for slug in ("some", "one", "two")]
    with pytest.raises(UserError) as refused:
        list(fetch_weights(asked, Hub(hub.endpoint, None, tmp_path)))
    assert [line.partition(":")[0] for line in str(refused.value).split("\n")] == ["models.one.id", "models.two.id"]


def test_models_that_share_weights_need_the_space_once(hub: FakeHub, tmp_path: Path) -> None:
    size = sum(len(data) for name, data in repository().items() if name in NEEDED)
    asked = [HubModel(slug, f"models.{slug}", model()) for slug in ("one", "two")]
    done = list(fetch_weights(asked, Hub(hub.endpoint, None, tmp_path), lambda folder: size))
    assert [one.downloaded for one in done] == [size, 0]


def test_the_disk_of_the_nearest_folder_counts(hub: FakeHub, tmp_path: Path) -> None:
    looked: list[Path] = []
    cache = tmp_path / "not/there/yet"
    asked = HubModel("some", "models.some", model())

    def free(folder: Path) -> int:
        looked.append(folder)
        return 10**12

    list(fetch_weights([asked], Hub(hub.endpoint, None, cache), free))
    assert looked == [tmp_path]


def test_a_cache_that_cannot_be_written_is_one_sentence(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert refusal(hub, tmp_path / "file" / "cache").startswith("machine.weights_cache: ")


def test_another_server_is_no_hub(tmp_path: Path, hub: FakeHub) -> None:
    hub.repositories["org/some"] = {}
    assert "no weights as .safetensors" in refusal(hub, tmp_path)


WANTED = {
    "config.json": True,
    "chat_template.jinja": True,
    "additional_chat_templates/tools.jinja": True,
    "tokenizer.model": True,
    "merges.txt": True,
    "qwen.tiktoken": True,
    "model.safetensors": True,
    "original/model.safetensors": False,
    "original/config.json": False,
    "onnx/tokenizer.json": False,
    "pytorch_model.bin": False,
    "consolidated.00.pth": False,
    "model-Q4.gguf": False,
    "modeling.py": False,
    "README.md": False,
    "figure.png": False,
}


@pytest.mark.parametrize("file", WANTED)
def test_files_of_other_formats_stay_away(file: str) -> None:
    assert is_wanted(file, remote_code=False) is WANTED[file]


def test_gigabytes() -> None:
    assert [gigabytes(n) for n in (1_234_000_000, 15_960_000_000, 141_000_000_000)] == ["1.23 GB", "16 GB", "141 GB"]


# The command, as a process with its environment.


def command(project: Project, hub: FakeHub, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "SNAKEMAKE_"))}
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from personas.cli.main import main; main()",
            "fetch",
            "-c",
            "config.yaml",
            *arguments,
        ],
        cwd=project.folder,
        env=kept | {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(project.folder / "hf")} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


@pytest.fixture
def gated(project: Project, hub: FakeHub) -> Project:
    hub.gated, hub.members = True, frozenset({TOKEN})
    judge = {"model": {**VLLM, "id": "org/judge"}, "texts": "judges"}
    hub.repositories["org/judge"] = repository(1000)
    return project.set({"models/beta": VLLM, "judges/j": judge})


def test_the_command_fetches_models_and_judges_and_hides_the_token(gated: Project, hub: FakeHub) -> None:
    code, out, err = outcome(command(gated, hub, "--models", HF_TOKEN=TOKEN))
    assert (code, err) == (0, "")
    snapshots = gated.folder / "hf/hub/models--org--some/snapshots"
    assert out.splitlines()[0] == f"models.beta: org/some, 0.00602 GB downloaded, in {snapshots / COMMIT}"
    assert out.splitlines()[1].startswith("judges.j.model: org/judge, ")
    holding = [f for f in gated.folder.rglob("*") if f.is_file() and TOKEN.encode() in f.read_bytes()]
    assert holding == [] and TOKEN not in out
    hub.seen.clear()
    code, out, _ = outcome(command(gated, hub, HF_HUB_OFFLINE="1"))
    assert code == 0 and out.count("all there") == 2 and hub.seen == [], "offline, once it is there"


def test_the_cache_folder_comes_from_the_profile(gated: Project, hub: FakeHub) -> None:
    (gated.folder / "profile").mkdir()
    profile = {"config": {"machine": {"weights_cache": "weights", "gpus": [0]}}}
    (gated.folder / "profile/config.yaml").write_text(yaml.safe_dump(profile))
    code, out, _ = outcome(command(gated, hub, "--profile", "profile", HF_TOKEN=TOKEN))
    assert code == 0 and (gated.folder / "weights/models--org--some").is_dir() and "in weights/models" in out


def test_offline_is_one_sentence(gated: Project, hub: FakeHub) -> None:
    code, out, err = outcome(command(gated, hub, HF_HUB_OFFLINE="1"))
    assert (code, out) == (1, "The config uses no third-party data.\n")
    assert err == (
        f"models.beta: {hub.endpoint} cannot be reached for the weights of org/some (HF_HUB_OFFLINE is set); run `uv "
        "run personas fetch --models` on a machine with internet access and copy its cache folder to "
        f"{gated.folder / 'hf/hub'}, or name a local folder as models.beta.weights.\n"
    )


def test_nobody_at_the_address_is_one_sentence(hub: FakeHub, tmp_path: Path) -> None:
    asked = HubModel("some", "models.some", model())
    with pytest.raises(UserError, match=r"^models.some: http://127.0.0.1:9 cannot be reached for .* \(.*refused.*\)"):
        list(fetch_weights([asked], Hub("http://127.0.0.1:9", None, tmp_path)))


A_PART = 100_000
"""Bytes that only a file of weights has: smaller files come and go before it is begun."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_an_interrupted_fetch_keeps_what_it_has(
    project: Project, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    with FakeHub(hold=threading.Event()) as hub:
        project.set({"models/beta": VLLM})
        process = command(project, hub)
        deadline = time.monotonic() + PATIENCE
        while (kept := _kept(project)) < A_PART and time.monotonic() < deadline:
            time.sleep(0.05)
        thread = psutil.Process(process.pid)
        woke = thread.num_ctx_switches().voluntary
        process.send_signal(number)
        if number == signal.SIGINT:
            assert hub.hold
            waits = (psutil.STATUS_SLEEPING, psutil.STATUS_ZOMBIE)  # or has ended already
            while thread.num_ctx_switches().voluntary == woke or thread.status() not in waits:
                assert time.monotonic() < deadline, "its main thread never woke to notice the signal"
                time.sleep(0.05)
            hub.hold.set()
        code, _, err = outcome(process)
        assert kept >= A_PART
        if number == signal.SIGINT:
            assert (code, err) == (1, "Interrupted; the same command goes on, what was downloaded stays.\n")
        kept = _kept(project)
        assert hub.hold
        hub.hold.set()
        before = hub.sent
        code, _, _ = outcome(command(project, hub))
        assert code == 0 and hub.sent - before < 6_100_000 - kept
    shard = project.folder / "hf/hub/models--org--some/snapshots" / COMMIT / SHARD
    assert hashlib.sha256(shard.read_bytes()).digest() == hashlib.sha256(repository()[SHARD]).digest()


def _kept(project: Project) -> int:
    kept = 0
    for part in project.folder.rglob("*.incomplete"):
        with contextlib.suppress(FileNotFoundError):  # of two downloads one may end between listing and looking
            kept += part.stat().st_size
    return kept
