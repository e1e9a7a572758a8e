"""The plan for people: what a run would make, why, how long it takes and what it costs."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from personas.pages.numbers import compact, minutes, money
from personas.plan.plan_report import PlanReport
from personas.workflow.power import power_lines, power_table
from personas.workflow.terminal.gpu_time import gpu_lines
from personas.workflow.terminal.plan_document import axes, groups, work_of
from personas.workflow.terminal.plan_schema import Counts, Group, Work
from personas.workflow.terminal.status import items_left_out, names, unusable_lines

_WIDTH, _WIDE = 140, 112
_REASONS, _VALUES = 12, 6
"""Lines of reasons, and values of an axis, that are printed; the JSON has all."""


def console_width(stream: TextIO) -> int | None:
    """Return the width to print at where `stream` is no terminal: that of COLUMNS, or enough for the table."""
    return None if stream.isatty() else shutil.get_terminal_size((_WIDTH, 24)).columns


def print_plan_report(plan_report: PlanReport, console: Console) -> None:
    """Print the table of stages and models, the reasons, the axes, and what the estimates rest on."""
    console.print(plan_table(plan_report, narrow=console.width < _WIDE))
    if names_line := names(plan_report.plan.grid.study):
        console.print(names_line, highlight=False, markup=False)
    lines = [*_rescored_lines(plan_report), *unusable_lines(plan_report.plan)]
    if plan_report.plan.missing:
        lines = [*_reasons(plan_report), *lines, *_axes(plan_report), *_weights(plan_report), *_basis(plan_report)]
    else:
        console.print("Every cell is current.")
    for line in lines:
        console.print(line, highlight=False, markup=False)
    if plan_report.plan.missing:
        _print_power(plan_report, console)


def _print_power(plan_report: PlanReport, console: Console) -> None:
    grid = plan_report.plan.grid
    table = power_table(grid, Path(grid.study.config.results))
    for line in power_lines(grid, table is not None):
        console.print(line, highlight=False, markup=False)
    if table:
        console.print(table)


def plan_table(plan_report: PlanReport, narrow: bool = False) -> Table:
    """Return the table of the plan, a row for each stage and model, and one for all; `narrow` fits 80 columns."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("stage and model",) if narrow else ("stage", "model"):
        table.add_column(heading, overflow="fold")
    for heading in _NARROW if narrow else _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    all_groups = groups(plan_report)
    for group in all_groups:
        table.add_row(*_name_cells(group.stage, _who(group), narrow), *_figures(group, group.work, narrow))
    if len(all_groups) > 1:
        cells, missing = sum(g.cells for g in all_groups), sum(g.missing for g in all_groups)
        everything = Counts(cells=cells, current=cells - missing, missing=missing)
        work = work_of(plan_report, plan_report.plan.missing)
        table.add_section()
        table.add_row(*_name_cells("all", "", narrow), *_figures(everything, work, narrow))
    return table


_HEADINGS = (
    *("cells", "current", "missing", "requests", "journaled", "prompt\ntokens", "computed", "answer\ntokens"),
    *("engine\ntime", "cost"),
)
_NARROW = ("missing\nof cells", "requests\nto send", "prompt\ntokens", "answer\ntokens", "engine\ntime", "cost")


def _name_cells(stage: str, who: str, narrow: bool) -> list[str]:
    return [f"{stage} {who}".strip()] if narrow else [stage, who]


def _who(group: Group) -> str:
    return f"{group.model} by {group.judge}" if group.judge else group.model


def _figures(counts: Counts, work: Work, narrow: bool) -> list[str]:
    cells = [f"{counts.cells:,}", f"{counts.current:,}", f"{counts.missing:,}"]
    if narrow:
        cells = [f"{counts.missing:,} of {counts.cells:,}"]
    if not counts.missing:
        return [*cells, *[""] * (len(_NARROW) - 1 if narrow else len(_HEADINGS) - 3)]
    share = f"{work.journaled / work.requests:.0%}" if work.requests else ""
    requests = [f"{work.to_send:,}"] if narrow else [f"{work.requests:,}", share]
    computed = [] if narrow else [compact(work.computed_tokens)]
    tokens = [compact(work.prompt_tokens), *computed, compact(work.completion_tokens)]
    return [*cells, *requests, *tokens, minutes(work.engine_minutes), money(work.money)]


def _reasons(plan_report: PlanReport) -> Iterator[str]:
    counts = Counter(plan_report.reasons.values()).most_common()
    for reason, cells in counts[:_REASONS]:
        yield f"{cells:>7,} missing: {reason}"
    if len(counts) > _REASONS:
        rest = sum(cells for _, cells in counts[_REASONS:])
        more = len(counts) - _REASONS
        yield f"{rest:>7,} missing for {more} other reasons (all of them: personas plan --json FILE)"


def _rescored_lines(plan_report: PlanReport) -> Iterator[str]:
    for reason, tables in plan_report.rescored.items():
        yield f"{tables:>7,} tables of ratings and patterns made again of the same answers: {reason}"


def _axes(plan_report: PlanReport) -> Iterator[str]:
    for axis, values in axes(plan_report).items():
        lacking = {value: counts for value, counts in values.items() if counts.missing}
        if len(values) > 1:
            yield f"  by {axis}: {', '.join(_some(lacking.items()))}"


def _some(lacking: Iterable[tuple[str, Counts]]) -> Iterator[str]:
    lacking = list(lacking)
    for value, counts in lacking[:_VALUES]:
        yield f"{value} {counts.missing:,} of {counts.cells:,}"
    if len(lacking) > _VALUES:
        yield f"and {len(lacking) - _VALUES} more"


def _weights(plan_report: PlanReport) -> Iterator[str]:
    for fetch in plan_report.fetches:
        yield (
            f"{fetch.where}: the weights of {fetch.id} at {fetch.revision[:12]} are not here yet; a run downloads "
            "them first (now: personas fetch --models)."
        )


def _basis(plan_report: PlanReport) -> Iterator[str]:
    work = work_of(plan_report, plan_report.plan.missing)
    batches = plan_report.plan.batches
    yield f"{len(batches)} {'batch' if len(batches) == 1 else 'batches'}, {work.to_send:,} requests to send."
    yield from (f"{line[0].upper()}{line[1:]}." for line in items_left_out(plan_report.plan.grid.study))
    absent = plan_report.plan.grid.study.absent
    if absent:
        yield (
            f"{len(absent)} third-party files are not here yet; stand-ins, in number and length as catalogued, "
            "take the place of their texts (docs/data.md). A run fetches them first."
        )
    if work.measured_share is not None:
        yield (
            f"Estimates: {work.measured_share:.0%} of these from rates measured in earlier runs, "
            "the rest from stated defaults (docs/planning.md)."
        )
    yield from gpu_lines(plan_report)
    for model in plan_report.capped:
        if model.is_exceeded:
            yield (
                f"{model.where}.limits.spending: {model.spent:,.2f} {model.currency} are spent and "
                f"{model.estimated:,.2f} more are estimated, the cap is {model.cap:,.2f}; "
                "a batch that reaches it ends as engine-over-budget."
            )
    if work.journaled:
        yield f"The journal answers {work.journaled:,} requests already; they are not sent again."
