"""Users address stages; Snakemake knows only rules. These are the targets that have names, and their files."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from personas.core.errors import UserError
from personas.plan.artefact import Artefact, Family, families
from personas.plan.batches import STAGES
from personas.plan.frozen import FrozenPlan

FETCH = "fetch"

WITHOUT_ENGINE = ("ratings", "patterns", "strength", "analysis", "figures", "report")
"""Stages of artefacts, in order."""

_CUTS = frozenset({"--until", "-U", "--omit-from", "-O"})
"""Options with which the graph of all jobs is cut."""
_FLAGS = frozenset({"-n", "--dry-run", "--dryrun", "-k", "--keep-going", "-p", "--printshellcmds"})
"""Options without a value: a word behind one may be a target."""


def of_stage(frozen: FrozenPlan, stage: str) -> list[Family]:
    """Return the families of a stage that rules of this invocation can make."""
    return [family for family in frozen.families if family.first.stage == stage]


def _artefacts(frozen: FrozenPlan, stage: str) -> Iterable[Artefact]:
    return (artefact for artefact in frozen.artefacts if artefact.stage == stage)


def stage_targets(frozen: FrozenPlan) -> dict[str, list[str]]:
    """Return the files of each stage, relative to the results folder.

    Of engine stages only the missing cells: finished ones have no rule.
    """
    files: dict[str, list[str]] = {
        stage: [path for b in frozen.stage(stage) for path in b.outputs] for stage in STAGES
    }
    files[FETCH] = [frozen.weights_file(fetch) for fetch in frozen.fetches]
    for stage in WITHOUT_ENGINE:
        files[stage] = [path for artefact in _artefacts(frozen, stage) for path in artefact.outputs]
    return files


def named_targets(frozen: FrozenPlan) -> dict[str, list[str]]:
    """Return the files of each table, figure, sample and page by its name in `current/`, without a suffix."""
    artefacts = (artefact for stage in ("analysis", "figures", "report") for artefact in _artefacts(frozen, stage))
    return {each.plain_outputs[0].rpartition(".")[0]: list(each.outputs) for each in artefacts}


def targets(frozen: FrozenPlan, words: Iterable[str]) -> dict[str, list[str]]:
    """Return the files of each stage, and of each table, figure and page that is among the words of a command line.

    As rules of their own all those names would hide the rules that make something.
    """
    return stage_targets(frozen) | {name: files for name, files in named_targets(frozen).items() if name in words}


def needed_for(frozen: FrozenPlan, words: Sequence[str]) -> set[str] | None:
    """Return the artefacts, by their first outputs, that the targets among the words of a command line need.

    None where all may be needed: no target is among them, the words cut the graph of jobs (`--until`), or one of them
    may be a target that nobody here knows. Families have no rule for more, so that a figure asks no judge whose
    ratings stand in other files of a family that it needs.
    """
    targets = (
        stage_targets(frozen)
        | named_targets(frozen)
        | {each.name: each.outputs for each in families(frozen.artefacts)}
    )
    targets |= {(frozen.results / path).as_posix(): [path] for path in frozen.targets}
    names = [word for word in words if word in targets]
    if not names or "all" in words or any(word.split("=")[0] in _CUTS for word in words):
        return None
    before = ["", *words]
    strange = [word for word in words if not (word in targets or word.startswith("-"))]
    values = [word for word, last in zip(words, before, strict=False) if last.startswith("-") and last not in _FLAGS]
    if set(strange) - set(values):
        return None
    waiting, outputs = [path for name in names for path in targets[name]], set[str]()
    by_output = {path: each for each in frozen.artefacts for path in each.outputs}
    while waiting:
        each = by_output.get(waiting.pop())
        if each and each.outputs[0] not in outputs:
            outputs.add(each.outputs[0])
            waiting += each.inputs
    return outputs


def asked_files(settings: Any, frozen: FrozenPlan) -> set[str] | None:
    """Return the files of the grid that an invocation names by its targets, or goes up to; None for all of them.

    Of one with `--omit-from` nobody can tell, so it names none. `settings` are Snakemake's of the graph of jobs.
    """
    if settings.omit_from:
        return set()
    names = settings.until or settings.targets
    if not names or "all" in names:
        return None
    targets = stage_targets(frozen) | named_targets(frozen)
    targets |= {batch.name: list(batch.outputs) for batch in frozen.batches}
    targets |= {family.name: family.outputs for family in frozen.families}
    prefix = f"{frozen.results.as_posix()}/"
    return {path for name in names for path in targets.get(name, [name.removeprefix(prefix)])}


def stage_rules(frozen: FrozenPlan) -> dict[str, list[str]]:
    """Return, by stage, the names of the rules that make its files, whether or not something is missing of them."""
    batches: dict[str, list[str]] = {stage: [batch.name for batch in frozen.stage(stage)] for stage in STAGES}
    batches[FETCH] = [fetch.name for fetch in frozen.fetches]
    by_stage = {
        stage: list(dict.fromkeys(each.family for each in _artefacts(frozen, stage))) for stage in WITHOUT_ENGINE
    }
    return {**batches, **by_stage}


def refuse_stages_to_omit(omit_from: frozenset[str], frozen: FrozenPlan) -> None:
    """Raise UserError for a stage after `--omit-from`: Snakemake would leave nothing out, without a word."""
    for stage in sorted(omit_from & stage_rules(frozen).keys()):
        rules = ", ".join(stage_rules(frozen)[stage]) or "none now"
        raise UserError(
            f"--omit-from: found the stage {stage!r}, expected one of its rules ({rules}), or use --until."
        )


def refuse_names_to_force(targets: frozenset[str], frozen: FrozenPlan) -> None:
    """Raise UserError for a name after `-f`: Snakemake would take the name for made again, and make no file of it."""
    files = {"all": frozen.targets, **stage_targets(frozen), **named_targets(frozen)}
    makers = {path: artefact for artefact in frozen.artefacts for path in artefact.outputs}
    for name in sorted(files.keys() & (targets or {"all"})):
        first = next((path for path in files[name] if path in makers), None)
        raise UserError(
            f"-f: found {name!r}, a name of files, none of which would be made again; expected "
            + (
                f"a file, as in `-f {frozen.results / first}`, or a rule, as in `-R {makers[first].family}`."
                if first
                else "`personas forget` for cells."
            )
        )


def refuse_config_as_target(words: Sequence[str]) -> None:
    """Stop with one sentence where a config stands among the targets: Snakemake would say that nothing is to be done.

    `words` are those of the command line, the program first, without `--configfile` among them.
    """
    for before, word in pairwise(words):
        is_target = not before.startswith("-") or before in _FLAGS
        if is_target and word.endswith((".yaml", ".yml")) and Path(word).is_file():
            raise UserError(f"{word}: found among the targets, expected `--configfile {word}`.")
