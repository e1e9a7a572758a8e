"""What the limits of an endpoint mean for a batch: its turn, and the gate that its requests pass."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from personas.config.models import ModelSection
from personas.config.sampling import Limits
from personas.engines.limits.budget import Budget
from personas.engines.limits.gate import Gate
from personas.engines.limits.handover import handing_on
from personas.engines.limits.turn import turn
from personas.requests.spending import spent_so_far


@asynccontextmanager
async def endpoint_turn(
    model: ModelSection, results: Path, slug: str, where: str, remaining: Callable[[], int]
) -> AsyncIterator[Gate | None]:
    """Hold the turn of a limited endpoint and give its gate; None, at once, where nothing is limited.

    `where` names the model in the config, `remaining` counts the requests still to come.
    """
    if model.limited_by == Limits():
        yield None
        return
    async with turn(results / "leases", slug) as handle:
        gate = Gate(model.limited_by, _budget(model, results, slug, where, remaining))
        with handing_on(handle, gate.windows, slug):
            yield gate


def _budget(model: ModelSection, results: Path, slug: str, where: str, left: Callable[[], int]) -> Budget | None:
    if model.price is None or (cap := model.limited_by.spending) is None:
        return None
    return Budget(model.price, cap, spent_so_far(results, slug, model.price), where, left)
