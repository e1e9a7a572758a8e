"""Profiles address stages; Snakemake knows only rules. This copies a stage's settings to its batches."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.errors import UserError
from scripts.plan.stages import ARTEFACT_RULES

RULES = ("all", *(rule for rules in ARTEFACT_RULES.values() for rule in rules))


def spread_stage_resources(workflow: Any, batches: Mapping[str, Sequence[str]]) -> None:
    """Copy `set-resources` and `set-threads` of each stage to its batch rules; settings of one batch win.

    UserError for a name that is neither a stage nor a rule: Snakemake would ignore it without a word.
    """
    settings = workflow.resource_settings
    settings.overwrite_resources = _spread("set-resources", settings.overwrite_resources, batches)
    settings.overwrite_threads = _spread("set-threads", settings.overwrite_threads, batches)


def _spread(option: str, given: Mapping[str, Any], batches: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    names = {name for group in batches.values() for name in group}
    result = dict(given)
    for name, value in given.items():
        if name in batches:
            for batch in batches[name]:
                own = given.get(batch)
                result[batch] = {**_raw(value), **_raw(own or {})} if isinstance(value, Mapping) else own or value
        elif name not in names and name not in RULES and not name.startswith(tuple(f"{s}_" for s in batches)):
            known = ", ".join([*batches, *RULES])
            raise UserError(f"{option}: found {name!r}, expected a stage or a rule: {known}.")
    return result


def _raw(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain values: those of the command line are parsed already, and Snakemake parses only plain ones."""
    return {name: getattr(value, "raw", value) for name, value in resources.items()}
