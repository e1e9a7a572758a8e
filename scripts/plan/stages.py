"""Users address stages; Snakemake knows only rules. This translates targets, `--until` and `--omit-from`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scripts.plan.batches import STAGES
from scripts.plan.frozen import FrozenPlan

ARTEFACT_RULES: Mapping[str, Sequence[str]] = {"ratings": ("rate",), "analysis": ("summarise",), "figures": ("draw",)}
"""Stages without an engine and their rules."""


def stage_files(frozen: FrozenPlan) -> dict[str, list[str]]:
    """Return, by stage, the files that the rule named after the stage asks for, relative to the results folder.

    Of engine stages only the missing ones: finished cells have no rule.
    """
    files = {stage: [path for b in frozen.stage(stage) for path in b.outputs] for stage in STAGES}
    for stage, rules in ARTEFACT_RULES.items():
        files[stage] = [path for a in frozen.artefacts if a.rule in rules for path in a.outputs]
    return files


def stage_rules(frozen: FrozenPlan) -> dict[str, list[str]]:
    """Return, by stage, the names of the rules that make its files."""
    batches = {stage: [batch.name for batch in frozen.stage(stage)] for stage in STAGES}
    return {**batches, **{stage: list(rules) for stage, rules in ARTEFACT_RULES.items()}}


def translate_targets(workflow: Any, frozen: FrozenPlan) -> None:
    """Let `--until STAGE` and `--omit-from STAGE` name rules, and a file in `current/` the file that it links to."""
    settings = workflow.dag_settings
    rules, named = stage_rules(frozen), _by_link(frozen)
    workflow.dag_settings = replace(
        settings,
        targets=_each(settings.targets, lambda name: [named.get(name.removeprefix("./"), name)]),
        # A finished stage has no batches. Its own name stays then: no name at all would mean no limit.
        until=_each(settings.until, lambda name: rules.get(name) or [name]),
        omit_from=_each(settings.omit_from, lambda name: rules.get(name) or [name]),
    )


def _each(names: Iterable[str], translate: Any) -> Any:
    return type(names)(new for name in names for new in translate(name))  # type: ignore[call-arg]


def _by_link(frozen: FrozenPlan) -> dict[str, str]:
    """File in `current/` -> the file of the present grid, both with the results folder."""
    results = frozen.results.as_posix()
    names = {cell.plain_path: cell.path for cell in frozen.grid.cells}
    for artefact in frozen.artefacts:
        names |= dict(zip(artefact.plain_outputs, artefact.outputs, strict=True))
    return {f"{results}/current/{plain}": f"{results}/{path}" for plain, path in names.items()}
