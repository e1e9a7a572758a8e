"""Money that is spent on models with a cap, against what their missing cells are estimated to cost."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from personas.grid.cells import Cell
from personas.plan.costs.estimate import Estimate
from personas.plan.models import asked_model
from personas.plan.plan import Plan
from personas.requests.spending import spent_so_far


@dataclass(frozen=True)
class CapEstimate:
    """A model with a cap that has missing cells; `where` is its place in the config, money is in `currency`."""

    where: str
    currency: str
    cap: float
    spent: float
    estimated: float

    @property
    def is_exceeded(self) -> bool:
        """Tell whether the estimate does not fit."""
        return self.spent + self.estimated > self.cap


def cap_estimates(plan: Plan, results: Path, estimates: Mapping[str, Estimate]) -> list[CapEstimate]:
    """Return every model with a spending cap that missing cells ask."""
    return list(_cap_estimates(plan, results, estimates))


def _cap_estimates(plan: Plan, results: Path, estimates: Mapping[str, Estimate]) -> Iterator[CapEstimate]:
    first = {cell.asked_slug: cell for cell in reversed(plan.missing)}
    for slug, cell in sorted(first.items()):
        model = asked_model(plan.grid.study.config, cell.track.model, cell.judge)
        if model.price and (cap := model.limited_by.spending) is not None:
            where = f"judges.{slug}.model" if cell.judge else f"models.{slug}"
            spent = spent_so_far(results, slug, model.price)
            estimated = _money(plan.missing, slug, estimates)
            yield CapEstimate(where, model.price.currency, cap, spent, estimated)


def _money(missing: Iterable[Cell], slug: str, estimates: Mapping[str, Estimate]) -> float:
    return sum(estimates[cell.path].money for cell in missing if cell.asked_slug == slug)
