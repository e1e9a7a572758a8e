"""Profiles address stages or models; Snakemake knows only rules. This copies their settings to the batches."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.errors import UserError
from scripts.plan.stages import ARTEFACT_RULES

RULES = ("all", *(rule for rules in ARTEFACT_RULES.values() for rule in rules))


def spread_stage_resources(workflow: Any, batches: Mapping[str, Sequence[str]]) -> None:
    """Copy `set-resources` and `set-threads` of each stage, and of a model in a stage, to the rules of its batches.

    `generate` is a stage, `generate_gemma` a model in it, `generate_gemma_01` a batch: what is more special wins.
    UserError for a name that is neither a stage nor a rule: Snakemake would ignore it without a word.
    """
    settings = workflow.resource_settings
    settings.overwrite_resources = _spread("set-resources", settings.overwrite_resources, batches)
    settings.overwrite_threads = _spread("set-threads", settings.overwrite_threads, batches)


def _spread(option: str, given: Mapping[str, Any], batches: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    names = {name for group in batches.values() for name in group}
    for name in given.keys() - names - batches.keys() - set(RULES):
        if not name.startswith(tuple(f"{stage}_" for stage in batches)):
            known = ", ".join([*batches, *RULES])
            raise UserError(f"{option}: found {name!r}, expected a stage or a rule: {known}.")
    result = dict(given)
    for stage, group in batches.items():
        for batch in group:
            values = [given[name] for name in (stage, batch.rpartition("_")[0], batch) if name in given]
            if values:
                result[batch] = _merged(values)
    return result


def _merged(values: Sequence[Any]) -> Any:
    """Return the last value, or the resources of all, a later one before an earlier one."""
    if not isinstance(values[0], Mapping):
        return values[-1]
    from snakemake.resources import Resource, Resources

    merged = {name: value for resources in values for name, value in resources.items()}
    return Resources({n: v if isinstance(v, Resource) else Resource(n, v) for n, v in merged.items()})
