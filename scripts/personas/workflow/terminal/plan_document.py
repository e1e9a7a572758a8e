"""The plan as JSON: a versioned document, whose schema stands in docs/plan.schema.json.

`python -m personas.workflow.terminal.plan_document` writes the schema.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from personas.grid.cells import Cell
from personas.plan.costs.estimate import Estimate, total
from personas.plan.models import asked_model
from personas.plan.plan_report import PlanReport
from personas.workflow.terminal.plan_schema import (
    VERSION,
    Counts,
    Group,
    MissingCell,
    PlanDocument,
    PlannedBatch,
    WeightsToFetch,
    Work,
)

SCHEMA_FILE = Path("docs/plan.schema.json")

AXES: Mapping[str, Callable[[Cell], str]] = {
    "model": lambda cell: cell.track.model,
    "persona": lambda cell: cell.track.persona,
    "condition": lambda cell: cell.track.condition,
    "order": lambda cell: cell.track.order,
    "intervention": lambda cell: cell.track.intervention,
    "replicate": lambda cell: str(cell.track.replicate),
    "benchmark or metric": lambda cell: cell.kind,
}


def plan_document(plan_report: PlanReport) -> PlanDocument:
    """Return the plan as a document."""
    plan = plan_report.plan
    return PlanDocument(
        version=VERSION,
        total=_counts(plan.grid.cells, _missing(plan_report)),
        work=work_of(plan_report, plan.missing),
        groups=groups(plan_report),
        axes=axes(plan_report),
        reasons=dict(Counter(plan_report.reasons.values()).most_common()),
        missing=[_missing_cell(plan_report, cell) for cell in plan.missing],
        absent=[f"{source}/{path}" for source, path in plan.grid.study.absent],
        batches=[
            PlannedBatch(
                name=batch.name,
                stage=batch.stage,
                model=batch.model,
                judge=batch.judge,
                cells=len(batch.outputs),
                rows=batch.requests,
                minutes=batch.minutes,
            )
            for batch in plan.batches
        ],
        fetches=[WeightsToFetch(slug=f.slug, id=f.id, revision=f.revision) for f in plan_report.fetches],
    )


def groups(plan_report: PlanReport) -> list[Group]:
    """Return the cells by stage, model and judge, in the order of the grid."""
    missing, parts = _missing(plan_report), dict[tuple[str, str, str | None], list[Cell]]()
    for cell in plan_report.plan.grid.cells:
        parts.setdefault((cell.stage, cell.track.model, cell.judge), []).append(cell)
    return [
        Group.model_validate(
            {
                **_counts(cells, missing).model_dump(),
                "stage": stage,
                "model": model,
                "judge": judge,
                "work": work_of(plan_report, [cell for cell in cells if cell.path in missing]),
            }
        )
        for (stage, model, judge), cells in sorted(parts.items(), key=lambda part: _rank(part[0]))
    ]


def _rank(key: tuple[str, str, str | None]) -> tuple[bool, str]:
    return key[0] == "judgements", key[2] or ""


def axes(plan_report: PlanReport) -> dict[str, dict[str, Counts]]:
    """Return cells by value of each axis of the grid; judgements of published answers are beside these."""
    missing, result = _missing(plan_report), dict[str, dict[str, Counts]]()
    on_axes = [cell for cell in plan_report.plan.grid.cells if cell.completions is None]
    for axis, value_of in AXES.items():
        all_cells = Counter(value_of(cell) for cell in on_axes)
        lacking = Counter(value_of(cell) for cell in on_axes if cell.path in missing)
        result[axis] = {
            value: Counts(cells=cells, current=cells - lacking[value], missing=lacking[value])
            for value, cells in all_cells.items()
        }
    return result


def work_of(plan_report: PlanReport, cells: Iterable[Cell]) -> Work:
    """Return what cells of the plan take together."""
    cells = list(cells)
    summed = total(plan_report.estimates.get(cell.path, Estimate()) for cell in cells)
    return Work(
        rows=summed.rows,
        requests=summed.requests,
        journaled=summed.journaled,
        to_send=summed.to_send,
        prompt_tokens=round(summed.prompt_tokens, 1),
        computed_tokens=round(max(0.0, summed.computed_tokens), 1),
        completion_tokens=round(summed.completion_tokens, 1),
        engine_minutes=round(summed.seconds / 60, 3),
        measured_share=round(summed.measured / summed.to_send, 4) if summed.to_send else None,
        money=_money(plan_report, cells),
    )


def _money(plan_report: PlanReport, cells: Iterable[Cell]) -> dict[str, float]:
    config = plan_report.plan.grid.study.config
    money: dict[str, float] = {}
    for cell in cells:
        price = asked_model(config, cell.track.model, cell.judge).price
        if price and cell.path in plan_report.estimates:
            money[price.currency] = money.get(price.currency, 0.0) + plan_report.estimates[cell.path].money
    return {currency: round(amount, 4) for currency, amount in money.items()}


def _missing(plan_report: PlanReport) -> set[str]:
    return {cell.path for cell in plan_report.plan.missing}


def _counts(cells: Iterable[Cell], missing: set[str]) -> Counts:
    paths = [cell.path for cell in cells]
    lacking = sum(path in missing for path in paths)
    return Counts(cells=len(paths), current=len(paths) - lacking, missing=lacking)


def _missing_cell(plan_report: PlanReport, cell: Cell) -> MissingCell:
    estimate = plan_report.estimates.get(cell.path, Estimate())
    # Values are of the right types already; checking each of 20,000 again takes seconds.
    return MissingCell.model_construct(
        path=cell.path,
        stage=cell.stage,
        model=cell.track.model,
        persona=cell.track.persona,
        condition=cell.track.condition,
        order=cell.track.order,
        intervention=cell.track.intervention,
        replicate=cell.track.replicate,
        benchmark=cell.benchmark,
        metric=cell.metric,
        as_persona=cell.as_persona,
        judge=cell.judge,
        reference=cell.reference,
        reason=plan_report.reasons[cell.path],
        requests=estimate.requests,
        journaled=estimate.journaled,
    )


def schema() -> str:
    """Return the JSON schema of the document, as indented JSON with a final newline."""
    return json.dumps(PlanDocument.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema(), encoding="utf-8")
