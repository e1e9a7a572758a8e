"""The commonest mistakes of a first hour: each ends in one sentence that says what to do next.

`personas run` becomes `snakemake`, so what a run ends with is looked at once, for both. A full disk is in
tests/faults/test_disk.py, a second start in test_second_start.py.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from personas.core.command_line import check_command_line
from personas.core.files import write_atomically
from tests.helpers import OVERFLOW_OPENAI, PATIENCE, FakeServer, Outcome, answer, failure, personas
from tests.workflow.conftest import Checkout, fake_model, tiny_config

pytestmark = pytest.mark.workflow

KEY = "FIRST_HOUR_TEST_KEY"
ANSWERS = {
    "org/wrong-key": failure(401, "Incorrect API key provided."),
    "org/wrong-path": failure(404, "Not Found"),
    "org/wrong-name": failure(404, "The model `org/wrong-name` does not exist.", "model_not_found"),
    "org/small-context": OVERFLOW_OPENAI,
}
VLLM = {
    "engine": "vllm",
    "id": "org/no-gpu",
    "revision": "r1",
    "weights": "weights",
    "context_length": 512,
    "sampling": {"temperature": 0.0, "max_tokens": 16},
}
MISTAKES = {
    "no-key": ("refused", "models.no-key.key_variable: the environment has no", f"(export {KEY}_NOT_SET=...)"),
    "wrong-key": ("engine-refuses", "models.wrong-key at http://", f"To do: put the right key into {KEY}."),
    "server-down": ("engine-unavailable", "models.server-down at http://127.0.0.1:9/v1: The server cannot be reached",
                    "To do: start the server, or set models.server-down.base_url to where it runs."),
    "wrong-path": ("engine-refuses", "models.wrong-path at http://",
                   "To do: set models.wrong-path.base_url to the address up to and with /v1."),
    "wrong-name": ("engine-refuses", "models.wrong-name at http://",
                   "To do: set models.wrong-name.served_name to a name that the address knows its model by."),
    "no-gpu": ("refused", "models.no-gpu.engine: found vllm, but this machine shows no GPU",
               "(engine: llama.cpp) needs none"),
}  # fmt: skip
"""Slug of a model -> the name of the end of its batch, and what its sentence says."""


def models(server: FakeServer) -> dict[str, Any]:
    """Return a model for each mistake, and one whose context is too small, which is data."""
    slugs = [*MISTAKES, "small-context"]
    made = {slug: fake_model(server.base_url) | {"id": f"org/{slug}"} for slug in slugs} | {"no-gpu": VLLM}
    made["no-key"]["key_variable"] = f"{KEY}_NOT_SET"
    made["wrong-key"]["key_variable"] = KEY
    made["server-down"]["base_url"] = "http://127.0.0.1:9/v1"
    return made


def vllm_without_a_gpu(folder: Path) -> dict[str, str]:
    """Put weights, and a Python that has vLLM, into a folder; return the section `machine`."""
    write_atomically(folder / "weights" / "config.json", b"{}")
    write_atomically(folder / "weights" / "model.safetensors", b"none")
    python = folder / "vllm-python"
    python.write_text('#!/bin/sh\necho \'{"vllm": "0.30.0"}\'\n')
    python.chmod(0o755)
    return {"vllm_python": str(python)}


def test_a_mistake_ends_in_a_sentence_that_says_what_to_do(
    checkout: Checkout, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "sk-not-the-right-one")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    def decide(body: dict[str, Any]) -> Outcome:
        return ANSWERS.get(body["model"], answer("Good morning."))

    server.decide = decide
    checkout.configure(tiny_config(models=models(server), machine=vllm_without_a_gpu(checkout.folder)))
    told = started(checkout, "run", "--yes", "generate", "--cores", "8", "--keep-going")
    assert "Traceback" not in told and "sk-not-the-right-one" not in told, told
    causes = [line for line in told.splitlines() if line.startswith("Failed (")]
    assert len(causes) == len(MISTAKES), told
    for slug, (end, *parts) in MISTAKES.items():
        [cause] = [line for line in causes if line.startswith(f"Failed (generate_{slug}_01): {end}: ")]
        assert all(part in cause for part in parts), cause
    assert "context_overflow (small-context): dialogue, item and answer do not fit" in told
    last = told.splitlines()[-8:]
    [following] = [line for line in last if line.startswith("Next, once that is set right")]
    assert following.endswith("personas run --yes generate --cores 8 --keep-going")


def started(checkout: Checkout, *arguments: str) -> str:
    """Run `personas` as a process that becomes Snakemake; return what both said."""
    done = subprocess.run(
        [sys.executable, "-c", "from personas.cli.main import main; main()", *arguments],
        cwd=checkout.folder,
        env=checkout.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return done.stdout


FILES = {
    "tab.yaml": ("models:\n\talpha: {}\n",
                 "tab.yaml, line 2: not valid YAML (found character that cannot start any token); "
                 "indent with blanks, not with tabs.\n"),
    "empty.yaml": ("", "empty.yaml: found nothing, expected a mapping of keys to values.\n"),
    "nope.yaml": (None, "nope.yaml: no such file, expected a YAML file.\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_config_that_cannot_be_read(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content, expected = FILES[name]
    if content is not None:
        (tmp_path / name).write_text(content)
    done = personas(tmp_path, "run", "-c", name)
    assert (done.returncode, done.stderr) == (1, expected)
    monkeypatch.chdir(tmp_path)
    for words in (["generate", "--configfile", name, "-n"], [f"--configfile={name}"]):
        monkeypatch.setattr(sys, "argv", ["snakemake", *words])
        with pytest.raises(SystemExit) as ended:
            check_command_line()
        assert (ended.value.code, capsys.readouterr().err) == (1, expected)


def test_snakemake_looks_at_config_files_first(checkout: Checkout) -> None:
    told = checkout.run("--configfile", "nope.yaml", check=False)
    assert told.splitlines()[-1] == "nope.yaml: no such file, expected a YAML file." and "Traceback" not in told
