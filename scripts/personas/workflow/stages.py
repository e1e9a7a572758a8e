"""Users address stages; Snakemake knows only rules. These are the targets that have names, and their files."""

from collections.abc import Mapping, Sequence
from typing import Any

from personas.core.errors import UserError
from personas.plan.batches import STAGES
from personas.plan.frozen import FrozenPlan

FETCH = "fetch"

ARTEFACT_RULES: Mapping[str, Sequence[str]] = {
    "ratings": ("rate",),
    "patterns": ("mine_patterns",),
    "analysis": ("summarise", "collect_values", "draw_sample", "tabulate_released", "typeset"),
    "figures": ("draw",),
    "report": ("describe", "write_page"),
}
"""Stages without an engine and their rules."""

_NAMED = frozenset({"analysis", "figures"})
"""Stages whose tables and figures are targets of their own; a ratings table is one of very many."""


def named_targets(frozen: FrozenPlan) -> dict[str, list[str]]:
    """Return files by name of a target, relative to the results folder: each stage, and each figure as it is called
    in `current/`, without a suffix (`figures/by-checkpoint`).

    Of engine stages only the missing cells: finished ones have no rule.
    """
    files: dict[str, list[str]] = {
        stage: [path for b in frozen.stage(stage) for path in b.outputs] for stage in STAGES
    }
    files[FETCH] = [frozen.weights_file(fetch) for fetch in frozen.fetches]
    for stage, rules in ARTEFACT_RULES.items():
        artefacts = [artefact for artefact in frozen.artefacts if artefact.rule in rules]
        files[stage] = [path for artefact in artefacts for path in artefact.outputs]
        if stage in _NAMED:
            for made in artefacts:  # a table and its LaTeX have one name
                files.setdefault(made.plain_outputs[0].rpartition(".")[0], []).extend(made.outputs)
    return files


def asked_files(settings: Any, frozen: FrozenPlan) -> set[str] | None:
    """Return the files of the grid that an invocation names by its targets, or goes up to; None for all of them.

    Of one with `--omit-from` nobody can tell, so it names none. `settings` are Snakemake's of the graph of jobs.
    """
    if settings.omit_from:
        return set()
    names = settings.until or settings.targets
    if not names or "all" in names:
        return None
    known = named_targets(frozen) | {batch.name: list(batch.outputs) for batch in frozen.batches}
    prefix = f"{frozen.results.as_posix()}/"
    return {path for name in names for path in known.get(name, [name.removeprefix(prefix)])}


def stage_rules(frozen: FrozenPlan) -> dict[str, list[str]]:
    """Return, by stage, the names of the rules that make its files."""
    batches: dict[str, list[str]] = {stage: [batch.name for batch in frozen.stage(stage)] for stage in STAGES}
    batches[FETCH] = [fetch.name for fetch in frozen.fetches]
    return {**batches, **{stage: list(rules) for stage, rules in ARTEFACT_RULES.items()}}


def refuse_stages_to_omit(omit_from: frozenset[str], frozen: FrozenPlan) -> None:
    """Raise UserError for a stage after `--omit-from`: Snakemake would leave nothing out, without a word."""
    for stage in sorted(omit_from & stage_rules(frozen).keys()):
        rules = ", ".join(stage_rules(frozen)[stage]) or "none now"
        raise UserError(
            f"--omit-from: found the stage {stage!r}, expected one of its rules ({rules}), or use --until."
        )


def refuse_names_to_force(targets: frozenset[str], frozen: FrozenPlan) -> None:
    """Raise UserError for a name after `-f`: Snakemake would take the name for made again, and make no file of it."""
    files = {"all": frozen.targets, **named_targets(frozen)}
    made = {path for artefact in frozen.artefacts for path in artefact.outputs}
    for name in sorted(files.keys() & (targets or {"all"})):
        first = next((f"`-f {frozen.results / path}`" for path in files[name] if path in made), None)
        raise UserError(
            f"-f: found {name!r}, a name of files, none of which would be made again; expected "
            + (f"a file, as in {first}, or a rule, as in `-R draw`." if first else "`personas forget` for cells.")
        )
