"""An engine gets what the machine is set up with, and none of our keys."""

import json
import sys
from pathlib import Path

import pytest

from personas.config.machine import Machine
from personas.core.errors import UserError
from personas.engines.builds import vllm_build
from personas.engines.environment import passed_on
from personas.engines.supervisor import Supervisor

SECRETS = (
    "OPENAI_API_KEY",
    "OPENROUTER_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "VLLM_API_KEY",
    "PERSONAS_ENGINE_KEY",
    "SLURM_JWT",
    "MY_VARIABLE",
    "SSH_AUTH_SOCK",
)
HARMLESS = (
    "PATH",
    "HOME",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_HOME",
    "OMP_NUM_THREADS",
    "HF_HOME",
    "TOKENIZERS_PARALLELISM",
    "VLLM_LOGGING_LEVEL",
    "LC_ALL",
    "XDG_CACHE_HOME",
    "NCCL_SOCKET_IFNAME",
    "TORCHINDUCTOR_CACHE_DIR",
)


@pytest.fixture(autouse=True)
def _everything_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SECRETS, *HARMLESS):
        if name != "PATH":
            monkeypatch.setenv(name, "value")
    monkeypatch.setenv("HF_ENDPOINT", "https://me:word@hub.invalid")


def test_what_goes_along() -> None:
    told = passed_on()
    assert set(HARMLESS) <= set(told) and not {*SECRETS, "HF_ENDPOINT"} & set(told)
    assert passed_on(["MY_VARIABLE"])["MY_VARIABLE"] == "value"


async def test_an_engine_sees_no_key_but_its_own(tmp_path: Path) -> None:
    code = "import json, os, sys, time; print(json.dumps(dict(os.environ)), flush=True); time.sleep(600)"
    log = tmp_path / "log"
    engine = Supervisor([sys.executable, "-c", code], {"VLLM_API_KEY": "its own"}, log, ["MY_VARIABLE"])

    async def has_told() -> bool:
        return log.read_text().endswith("}\n")

    await engine.start(has_told, 60)
    await engine.stop()
    told = json.loads(log.read_text())
    assert told["VLLM_API_KEY"] == "its own" and told["MY_VARIABLE"] == "value"
    assert set(HARMLESS) <= set(told) and not ({*SECRETS} - {"VLLM_API_KEY", "MY_VARIABLE"}) & set(told)


def test_nor_does_the_interpreter_that_is_asked_for_its_vllm(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nenv > {tmp_path / "seen"}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    with pytest.raises(UserError, match="has no vllm"):
        vllm_build(Machine(vllm_python=str(python)))
    seen = {line.partition("=")[0] for line in (tmp_path / "seen").read_text().splitlines()}
    assert "LD_LIBRARY_PATH" in seen and not set(SECRETS) & seen
