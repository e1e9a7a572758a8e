"""Section `machine`: what this machine has. Profiles set it; never part of an identity."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from pydantic import Field, field_validator

from personas.config.base import NonEmpty, Section


class GpuKind(NamedTuple):
    """`gigabytes` of memory, its bandwidth in `gigabytes_per_second`, and dense 16-bit `teraflops`."""

    gigabytes: float
    gigabytes_per_second: float
    teraflops: float
    source: str


GPU_KINDS: Mapping[str, GpuKind] = {
    "A10": GpuKind(24, 600, 125, "NVIDIA A10 data sheet"),
    "A100-40GB": GpuKind(40, 1555, 312, "NVIDIA A100 data sheet (SXM, PCIe)"),
    "A100-80GB": GpuKind(80, 2039, 312, "NVIDIA A100 data sheet (SXM)"),
    "A40": GpuKind(48, 696, 150, "NVIDIA A40 data sheet"),
    "B200": GpuKind(180, 8000, 2250, "NVIDIA DGX B200 data sheet"),
    "GH200": GpuKind(96, 4000, 990, "NVIDIA GH200 data sheet (HBM3)"),
    "H100": GpuKind(80, 3350, 989, "NVIDIA H100 data sheet (SXM)"),
    "H100-PCIe": GpuKind(80, 2000, 756, "NVIDIA H100 data sheet (PCIe)"),
    "H200": GpuKind(141, 4800, 989, "NVIDIA H200 data sheet (SXM)"),
    "L4": GpuKind(24, 300, 121, "NVIDIA L4 data sheet"),
    "L40S": GpuKind(48, 864, 362, "NVIDIA L40S data sheet"),
    "MI300X": GpuKind(192, 5300, 1307, "AMD Instinct MI300X data sheet"),
    "RTX-3090": GpuKind(24, 936, 71, "NVIDIA GA102 architecture white paper"),
    "RTX-4090": GpuKind(24, 1008, 165, "NVIDIA Ada architecture white paper"),
    "RTX-6000-Ada": GpuKind(48, 960, 364, "NVIDIA RTX 6000 Ada data sheet"),
    "RTX-A6000": GpuKind(48, 768, 155, "NVIDIA RTX A6000 data sheet"),
    "V100": GpuKind(32, 900, 125, "NVIDIA V100 data sheet (SXM2)"),
}

DEFAULT_GPU = "A100-80GB"
"""Estimates are for this one where none is named."""


class Machine(Section):
    """Where the engine's environment, its weights and third-party data are, and which GPUs may be used."""

    not_identity: ClassVar[frozenset[str]] = frozenset(
        {
            "vllm_python",
            "weights_cache",
            "gpus",
            "gpu_kind",
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
    gpu_kind: NonEmpty = Field(
        default=DEFAULT_GPU, description="kind of these GPUs, for estimates before anything was measured; e.g. H100"
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

    @field_validator("gpu_kind")
    @classmethod
    def _known_kind(cls, value: str) -> str:
        if value not in GPU_KINDS:
            raise ValueError(f"expected one of {', '.join(GPU_KINDS)}")
        return value
