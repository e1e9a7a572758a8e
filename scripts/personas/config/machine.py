"""Section `machine`: what this machine has. Profiles set it; never part of an identity."""

from typing import ClassVar

from pydantic import Field

from personas.config.base import NonEmpty, Section


class Machine(Section):
    """Where the engine's environment, its weights and third-party data are, and which GPUs may be used."""

    not_identity: ClassVar[frozenset[str]] = frozenset(
        {
            "vllm_python",
            "weights_cache",
            "gpus",
            "data_folder",
            "data_mirror",
            "data_copy",
            "locks",
            "engine_variables",
        }
    )

    vllm_python: NonEmpty = Field(
        default=".venv-vllm/bin/python", description="Python interpreter of the environment that vLLM is installed in"
    )
    weights_cache: NonEmpty | None = Field(
        default=None,
        description="folder of downloaded and converted weights; default: the caches of Hugging Face and the user",
    )
    gpus: tuple[int, ...] | None = Field(
        default=None, min_length=1, description="numbers of the GPUs to use, as nvidia-smi counts; default: all"
    )
    data_folder: NonEmpty = Field(default="data/external", description="where third-party data lies")
    data_mirror: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="address to fetch third-party data from, laid out as its folder",
    )
    data_copy: NonEmpty | None = Field(
        default=None, description="folder to copy third-party data from, on machines without internet"
    )
    locks: NonEmpty | None = Field(
        default=None,
        description="folder for locks, where the results lie on a file system without any; all machines must see it",
    )
    engine_variables: tuple[NonEmpty, ...] = Field(
        default=(), description="environment variables that engines get besides the usual ones; never keys of others"
    )
