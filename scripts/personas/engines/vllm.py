"""How vLLM is started: in an environment of its own, offline, on 127.0.0.1, with its key in the environment."""

import os
from collections.abc import Sequence
from pathlib import Path

from personas.config.machine import Machine
from personas.config.models import VllmModel
from personas.engines.command import Command

KEY_VARIABLE = "VLLM_API_KEY"
"""vLLM reads its key from here."""

START_SECONDS = 600.0
"""Until a model is ready, besides reading its weights: compiling, capturing graphs, and profiling the memory."""

SECONDS_PER_GIGABYTE = 30.0
"""Reading weights from slow shared storage, so an upper limit."""


def command(
    model: VllmModel, slug: str, machine: Machine, weights: Path, devices: Sequence[str] | None, port: int, key: str
) -> Command:
    """Return the command that serves the folder `weights` on `devices` (GPUs; None on a CPU).

    No default of vLLM or of the model's repository applies to sampling: every request names all values.
    """
    named = {
        "--model": weights,
        "--served-model-name": slug,
        "--host": "127.0.0.1",
        "--port": port,
        "--max-model-len": model.context_length,
        "--dtype": model.dtype,
        "--gpu-memory-utilization": model.gpu_memory,  # on a CPU: the share of its memory
        "--seed": 0,  # requests carry seeds of their own
        "--generation-config": "vllm",
    }
    arguments = [str(part) for pair in named.items() for part in pair]
    arguments += ["--enable-prefix-caching", "--enable-prompt-tokens-details", "--disable-uvicorn-access-log"]
    if devices is not None:
        arguments += ["--tensor-parallel-size", str(model.tensor_parallel)]
    if model.reasoning_parser:
        arguments += ["--reasoning-parser", model.reasoning_parser]
    if model.remote_code:
        arguments += ["--trust-remote-code"]
    arguments += [*model.extra_arguments, *model.tuning_arguments]
    return Command(
        [machine.vllm_python, "-m", "vllm.entrypoints.openai.api_server", *arguments],
        _environment(machine, devices, key),
        START_SECONDS + SECONDS_PER_GIGABYTE * _gigabytes(weights),
    )


def _environment(machine: Machine, devices: Sequence[str] | None, key: str) -> dict[str, str]:
    """Return what is added to the environment. Offline, because weights are fetched before the GPU clock runs."""
    added = {
        KEY_VARIABLE: key,
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "PYTHONPATH": "",  # ours would put another environment's packages before vLLM's own
        "PYTHONUNBUFFERED": "1",
        # Its helpers (compilers, ninja) lie beside the interpreter.
        "PATH": f"{Path(machine.vllm_python).absolute().parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    if devices is not None:
        added["CUDA_VISIBLE_DEVICES"] = ",".join(devices)
    return added


def _gigabytes(weights: Path) -> float:
    return sum(file.stat().st_size for file in weights.glob("*.safetensors")) / 1e9
