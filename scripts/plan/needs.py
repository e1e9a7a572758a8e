"""What a batch needs of a machine, as Snakemake's threads and resources. Profiles override it by stage."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scripts.config.models import VllmModel
from scripts.plan.batches import Batch
from scripts.plan.frozen import FrozenPlan

_THREADS = {"llama.cpp": 8, "vllm": 4, "endpoint": 1}
"""At most. vLLM on a GPU keeps few busy; an endpoint computes elsewhere."""

_MEGABYTES = {"llama.cpp": 3000, "vllm": 32000, "endpoint": 2000}
"""vLLM reads weights through the memory of the host."""


@dataclass(frozen=True)
class Needs:
    """Threads at most, GPUs, memory in MB, and walltime in minutes."""

    threads: int
    gpu: int
    mem_mb: int
    runtime: int


def needs(plan: FrozenPlan, batch: Batch) -> Needs:
    """Return what a batch needs; the walltime is three times the estimate, and never short."""
    model = batch.asked(plan.study.config)
    return Needs(
        threads=_THREADS[model.engine],
        gpu=model.tensor_parallel if isinstance(model, VllmModel) else 0,
        mem_mb=_MEGABYTES[model.engine],
        runtime=max(10, int(3 * batch.minutes)),
    )


def growing(least: int, times: int) -> Callable[..., int]:
    """Return a resource that is `least` at the first attempt and so much more at each further one, up to `times` it.

    A retry has less to do, but what killed the attempt before may have been too little memory or a slow machine.
    """

    def resource(wildcards: Any, attempt: int) -> int:
        return least * min(attempt, times)

    return resource
