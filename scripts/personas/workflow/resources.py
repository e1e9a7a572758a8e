"""What batches ask of a machine. Profiles address stages or models; Snakemake knows only rules."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from personas.config.models import ModelSection
from personas.core.errors import UserError

SLOWEST = 3
"""A batch may take this many times the minutes that were estimated for it."""


def walltime(minutes: float) -> Callable[..., int]:
    """Return the resource `runtime` of a batch, in minutes; twice as much from its second attempt on.

    A second attempt has less to do, but it starts the engine again, and the first may have failed on a slow machine.
    """

    def runtime(wildcards: Any, attempt: int) -> int:
        return max(10, math.ceil(SLOWEST * minutes)) * min(attempt, 2)

    return runtime


def memory(served: Sequence[ModelSection]) -> Callable[..., int]:
    """Return the resource `mem_mb` of a batch with these engines: so much more with every attempt."""
    megabytes = sum(model.needs.megabytes for model in served)

    def mem_mb(wildcards: Any, attempt: int) -> int:
        return megabytes * attempt

    return mem_mb


def threads(served: Sequence[ModelSection], cores: int | None) -> int:
    """Return how many threads a batch takes of `cores` (None: not known yet); its engines take turns."""
    return min(cores or 1, max(model.threads_at_most for model in served))


def gpus(served: Sequence[ModelSection]) -> int:
    """Return the resource `gpu` of a batch: how many GPUs its engines use."""
    return sum(model.gpus for model in served)


def spread_stage_resources(workflow: Any, batches: Mapping[str, Sequence[str]]) -> None:
    """Copy `set-resources` and `set-threads` of each stage, and of a model in a stage, to the rules of its batches.

    `generate` is a stage, `generate_gemma` a model in it, `generate_gemma_01` a batch: what is more special wins.
    UserError for a name that is neither a stage nor a rule: Snakemake would ignore it without a word.
    """
    settings = workflow.resource_settings
    settings.overwrite_resources = _spread("set-resources", settings.overwrite_resources, batches)
    settings.overwrite_threads = _spread("set-threads", settings.overwrite_threads, batches)


def _spread(option: str, settings: Mapping[str, Any], batches: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    names = {name for group in batches.values() for name in group}
    for name in settings.keys() - names - batches.keys() - {"all"}:
        if not name.startswith(tuple(f"{stage}_" for stage in (*batches, "rate", "mine"))):
            choices = ", ".join([*batches, *sorted(names), "all"])
            raise UserError(f"{option}: found {name!r}, expected a stage or a rule: {choices}.")
    result = dict(settings)
    for stage, group in batches.items():
        for batch in group:
            values = [settings[name] for name in (stage, batch.rpartition("_")[0], batch) if name in settings]
            if values:
                result[batch] = _merge(values)
    return result


def _merge(values: Sequence[Any]) -> Any:
    """Return the last value, or the resources of all, a later one before an earlier one."""
    if not isinstance(values[0], Mapping):
        return values[-1]
    from snakemake.resources import Resource, Resources

    merged = {name: value for resources in values for name, value in resources.items()}
    return Resources({n: v if isinstance(v, Resource) else Resource(n, v) for n, v in merged.items()})
