"""Section `machine`: what this machine has. Profiles set it; never part of an identity."""

from typing import ClassVar

from pydantic import Field

from scripts.config.base import NonEmpty, Section


class Machine(Section):
    """Where the engine's environment and its weights are, and which GPUs may be used."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"vllm_python", "weights_cache", "gpus"})

    vllm_python: NonEmpty = Field(
        default=".venv-vllm/bin/python", description="Python interpreter of the environment that vLLM is installed in"
    )
    weights_cache: NonEmpty | None = Field(
        default=None, description="folder of downloaded weights; default: that of the Hugging Face libraries"
    )
    gpus: tuple[int, ...] | None = Field(
        default=None, min_length=1, description="numbers of the GPUs to use, as nvidia-smi counts; default: all"
    )
