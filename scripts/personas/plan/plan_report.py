"""The plan report: a plan with the reason and the estimate of every missing cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from personas.external.needed import Fetch, lacking
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.costs.budgets import CapEstimate, cap_estimates
from personas.plan.costs.estimate import Estimate, estimate
from personas.plan.costs.journal_walk import count_settled
from personas.plan.costs.loads import Loads
from personas.plan.costs.rates import Rates
from personas.plan.disk import existing_files
from personas.plan.outcome import all_outcomes
from personas.plan.plan import Plan, make_plan
from personas.plan.why.reasons import reasons
from personas.plan.why.rescoring import count_rescored
from personas.plan.why.unusable import broken_artefacts, unusable_cells
from personas.requests.projection import source_dialogue


@dataclass(frozen=True)
class PlanReport:
    """What a run would make, why, and what it takes. `reasons` and `estimates` are by path of a missing cell.

    `fetches` are weights that it downloads first.
    `capped`: the models with a spending cap among those that are asked. `rescored`: tables of ratings and patterns
    that are made again of the same answers, by reason.
    """

    plan: Plan
    reasons: Mapping[str, str]
    estimates: Mapping[str, Estimate]
    rates: Rates
    fetches: Sequence[Fetch] = ()
    capped: Sequence[CapEstimate] = ()
    rescored: Mapping[str, int] = field(default_factory=dict)


def look(grid: Grid, artefacts: Sequence[Artefact], results: Path, only_plan: bool = False) -> PlanReport:
    """Plan a grid and what follows from it against a results folder; reads, and changes nothing.

    `only_plan`: no reasons and no estimates.
    """
    on_disk = existing_files(results)
    outcomes = list(all_outcomes(results))
    rates = Rates.of(outcomes, grid.study.config.machine)
    unusable = unusable_cells(grid, on_disk, results)
    loads = Loads(grid)
    plan = make_plan(
        grid, artefacts, on_disk - unusable.keys(), rates, lambda path: source_dialogue(results / path), loads
    )
    plan = replace(plan, unusable=unusable | broken_artefacts(plan.artefacts, results))
    fetches = lacking(
        grid.study.config, {slug for batch in plan.batches for slug in (batch.asked_slug, *batch.users)}
    )
    if only_plan:
        return PlanReport(plan, {}, {}, rates, fetches)
    in_journal = count_settled(grid, plan.missing, results)
    estimates = estimate(grid, plan.missing, rates, in_journal, loads)
    why = reasons(plan, results, on_disk, outcomes)
    again = count_rescored(plan, results)
    return PlanReport(plan, why, estimates, rates, fetches, cap_estimates(plan, results, estimates), again)
