"""`personas status`: what there is of a grid, what is missing, and who is working on it."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from personas.benchmarks import verifiers
from personas.core.lease import live_holders
from personas.grid.kin import kin
from personas.grid.study import Study
from personas.plan.costs.estimate import total
from personas.plan.plan import Plan
from personas.plan.plan_report import PlanReport
from personas.workflow.terminal.actual import planned_against_actual
from personas.workflow.terminal.progress import live_view
from personas.workflow.terminal.troubles import troubles
from personas.workflow.user import cache_trouble

_WIDE = 100
"""Columns from which on the table of the last run has all its own."""


def print_status(plan_report: PlanReport, results: Path, console: Console) -> None:
    """Print the status of a grid, and what its last run took against what was planned."""
    plan = plan_report.plan
    console.print(cells_table(plan))
    if requests := total(plan_report.estimates.values()).requests:
        n_answered = total(plan_report.estimates.values()).journaled
        console.print(f"Requests for what is missing: {n_answered:,} of {requests:,} are answered, in the journal.")
    if names_line := names(plan.grid.study):
        console.print(names_line, highlight=False, markup=False, soft_wrap=True)
    artefacts = [path for artefact in plan.artefacts for path in artefact.outputs]
    n_current = sum(path not in plan.unusable and (results / path).exists() for path in artefacts)
    console.print(f"Tables and figures: {n_current} of {len(artefacts)} current.")
    for line in unusable_lines(plan):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for line in troubles((cell.path for cell in plan.grid.cells), results).lines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    holders = live_holders(results / "leases")
    for holder in holders:
        console.print(f"Working: {holder.sentence()}.", highlight=False, markup=False, soft_wrap=True)
    for run in sorted({holder.run for holder in holders}):
        for view in live_view(results, run, holders):
            console.print(view)
    comparison = planned_against_actual(results, narrow=console.width < _WIDE)
    if comparison is not None:
        console.print(comparison)
    if n_current == len(artefacts) and not plan.missing:
        console.print(f"Complete; look at {results}/current/.")
    elif holders:
        console.print("How far it is, until it ends: uv run personas status --watch (with the same --configfile).")
    else:
        console.print("To make what is missing: uv run snakemake (with the same --configfile).")


def unusable_lines(plan: Plan) -> Iterator[str]:
    """Tell of files that are there and are made again: how many there are for each reason, and one of them."""
    paths: dict[str, list[str]] = defaultdict(list)
    for path, reason in plan.unusable.items():
        paths[reason].append(path)
    for reason, own in paths.items():
        yield f"Made again, {len(own):,} of the files that are there: {reason}; for one {own[0]}"


def cells_table(plan: Plan) -> Table:
    """Return cells in the grid, current and missing, per stage, model and judge."""
    total = Counter((cell.stage, cell.track.model, cell.judge) for cell in plan.grid.cells)
    missing = Counter((cell.stage, cell.track.model, cell.judge) for cell in plan.missing)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("stage", "model"):
        table.add_column(heading, overflow="fold")
    for heading in ("cells", "current", "missing"):
        table.add_column(heading, justify="right")
    for (stage, model, judge), cells in total.items():
        lacking = missing[stage, model, judge]
        who = f"{model} by {judge}" if judge else model
        table.add_row(stage, who, *(f"{count:,}" for count in (cells, cells - lacking, lacking)))
    return table


def names(study: Study) -> str | None:
    """Return what the parts of a grid are called (`name`), by slug; None where nothing has a name."""
    config = study.config
    sections = (config.models, study.personas, config.conditions, config.benchmarks, config.judges)
    labels = [f"{slug}: {part.name}" for section in sections for slug, part in section.items() if part.name]
    return f"Names: {'; '.join(labels)}." if labels else None


def notes(study: Study) -> list[str]:
    """Return what is right but perhaps not meant, or not ready: item sets without items, keys that are not set."""
    no_items = [
        f"benchmark {benchmark} has no items for persona {slug} (role {persona.role!r}), so it has no such cells."
        for benchmark in study.config.benchmarks
        for slug, persona in study.personas.items()
        if not study.items_for(benchmark, persona.role)
    ]
    no_keys = [
        f"models.{slug}.key_variable: the environment has no {model.key_from}; its batches would stop."
        for slug, model in study.config.models.items()
        if model.key_from and not os.environ.get(model.key_from)
    ]
    left_out = [f"{line}." for line in items_left_out(study)]
    return [*filter(None, [cache_trouble()]), *no_items, *left_out, *no_keys, *kin(study.config), *_no_data(study)]


def items_left_out(study: Study) -> list[str]:
    """Say of each benchmark whose limit leaves items out how many of how many are asked."""
    sentences = []
    for slug in study.config.benchmarks:
        bound = study.persona_bound(slug)
        roles = [persona.role for persona in study.personas.values()] if bound else [None]
        counts = {(len(study.items_for(slug, role)), len(study.all_items_for(slug, role))) for role in roles}
        if shares := ", ".join(f"{n_asked} of {there}" for n_asked, there in sorted(counts) if n_asked < there):
            whom = " are asked of each persona" if bound else " are asked"
            sentences.append(f"benchmark {slug}: {shares} items{whom}, drawn by its limit")
    return sentences


def _no_data(study: Study) -> list[str]:
    """Say which third-party files, and which data of verifiers, are not here."""
    absent = [f"{study.store.path(source, path)} is not here; a run fetches it." for source, path in study.absent]
    for slug in study.config.benchmarks:
        if study.config.kind_of(slug) == "ifbench" and slug not in study.pins.nltk:
            if slug in study.nltk:
                verifiers.look_in(study.nltk[slug])
            ids = [i for item in study.items[slug] for i in item.scoring.get("instruction_id_list", ())]
            if lacking := verifiers.missing_data(ids):
                names = ", ".join(lacking)
                absent.append(
                    f"benchmark {slug} has items that need NLTK data which cannot be read ({names}): unscorable."
                )
    return absent
