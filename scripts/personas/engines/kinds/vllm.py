"""vLLM: started in an environment of its own, offline, on 127.0.0.1, with its key in the environment."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from personas.config.base import NonEmpty
from personas.config.machine import GPU_KINDS, Machine
from personas.config.models import ModelSection, Needs
from personas.engines.command import Command
from personas.engines.kinds.engine import Engine
from personas.external.weights_files import fingerprint_folder, known_fingerprint, locate_folder

if TYPE_CHECKING:
    from personas.engines.place import Place
    from personas.engines.running import RunningEngine

KEY_VARIABLE = "VLLM_API_KEY"
"""vLLM reads its key from here."""

START_SECONDS = 600.0
"""Until a model is ready, besides reading its weights: compiling, capturing graphs, and profiling the memory."""

SECONDS_PER_GIGABYTE = 30.0
"""Reading weights from slow shared storage, so an upper limit."""


class VllmModel(ModelSection):
    """A model that vLLM serves, on the GPUs of this machine (or its CPU, with a CPU build of vLLM)."""

    not_identity: ClassVar[frozenset[str]] = ModelSection.not_identity | {
        "weights",
        "tensor_parallel",
        "gpu_memory",
        "tuning_arguments",
        "parameters",
        "active_parameters",
    }
    # `weights` is a place; what enters the identity is the fingerprint of the folder found there.
    needs: ClassVar[Needs] = Needs(
        threads=4, megabytes=32000, seconds_per_token=0.02, start_seconds=120.0, counts_tokens=True
    )
    speed_is_its_own: ClassVar[bool] = True
    # On a GPU it keeps few threads busy; it reads weights through the memory of the host.

    engine: Literal["vllm"]
    concurrency: int = Field(default=64, gt=0, le=4096, description="requests in flight at most")
    context_length: int = Field(gt=0, description="tokens of prompt and answer together")
    weights: NonEmpty | None = Field(
        default=None, description="local folder with the model, instead of `id` at `revision` from the hub"
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(default="auto", description="number format")
    tensor_parallel: int = Field(default=1, gt=0, le=64, description="GPUs that share the model")
    gpu_memory: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="share of each GPU's memory that vLLM takes; with a CPU build, of the machine's",
    )
    reasoning_parser: NonEmpty | None = Field(
        default=None, description="vLLM's parser that tells reasoning from answer, e.g. qwen3"
    )
    remote_code: bool = Field(default=False, description="run code that the model's repository brings along")
    extra_arguments: tuple[NonEmpty, ...] = Field(
        default=(), description="further arguments of `vllm serve` that may shape answers, e.g. --quantization=fp8"
    )
    parameters: float | None = Field(
        default=None,
        gt=0,
        description="billions of parameters, for estimates; default: by weights that are here, or the id",
    )
    active_parameters: float | None = Field(
        default=None,
        gt=0,
        description="billions of them that a token passes, of a mixture of experts; default: likewise",
    )
    tuning_arguments: tuple[NonEmpty, ...] = Field(
        default=(), description="further arguments of `vllm serve` that cannot, e.g. --max-num-seqs=64"
    )

    def stated_speed(self, machine: Machine, context: float) -> float:
        """Return answer tokens a second by a roofline of the GPUs that `machine` names."""
        from personas.engines.roofline import tokens_per_second
        from personas.engines.weights.size import size_of

        size, gpu = size_of(self, machine), GPU_KINDS[machine.gpu_kind]
        context = min(context, self.context_length)
        return tokens_per_second(size, gpu, self.tensor_parallel, self.gpu_memory, self.concurrency, context)

    @property
    def gpus(self) -> int:
        """How many GPUs a batch uses: the model is spread over them."""
        return self.tensor_parallel

    @property
    def is_on_hub(self) -> bool:
        """Whether the weights come from the hub."""
        return self.weights is None

    @property
    def allows_code(self) -> bool:
        """Whether code that the model's repository brings along may run."""
        return self.remote_code

    def fingerprint(self, where: str) -> str | None:
        """Return the fingerprint of a local folder; the hub's commit says what is there."""
        if self.weights is None:
            return None
        return known_fingerprint(self.weights) or fingerprint_folder(locate_folder(self.weights, f"{where}.weights"))


@asynccontextmanager
async def _serve(model: VllmModel, place: Place) -> AsyncIterator[RunningEngine]:
    from personas.engines.builds import vllm_build
    from personas.engines.running import supervise
    from personas.engines.slots import gpu_slots
    from personas.engines.weights.local_weights import local_weights

    weights = local_weights(model, place.where, place.machine)

    def starting(devices: list[str] | None) -> Callable[[int, str], Command]:
        return lambda port, key: command(model, place.slug, place.machine, weights, devices, port, key)

    if vllm_build(place.machine).on_cpu:
        async with supervise(starting(None), place) as served:
            yield served
    else:
        slots = gpu_slots(model.tensor_parallel, place.machine, place.where, model.gpu_memory)
        async with slots as devices, supervise(starting(devices), place, ",".join(devices)) as served:
            yield served


def command(
    model: VllmModel, slug: str, machine: Machine, weights: Path, devices: Sequence[str] | None, port: int, key: str
) -> Command:
    """Return the command that serves the folder `weights` on `devices` (GPUs; None on a CPU).

    No default of vLLM or of the model's repository applies to sampling: every request names all values.
    """
    options = {
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
    arguments = [str(part) for pair in options.items() for part in pair]
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


ENGINE = Engine(section=VllmModel, serve=_serve)
