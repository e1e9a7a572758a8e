"""What the limits of an endpoint mean for a batch: its turn, and the gate that its requests pass."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from scripts.batch.journal import journal_files, journal_lines, reply_in
from scripts.config.models import EndpointModel, Limits, Model, Price
from scripts.engines.budget import Budget, cost
from scripts.engines.handed import handing_on
from scripts.engines.limits import Gate
from scripts.engines.turn import turn


@asynccontextmanager
async def limited(
    model: Model, results: Path, slug: str, where: str, left: Callable[[], int]
) -> AsyncIterator[Gate | None]:
    """Hold the turn of a limited endpoint and give its gate; None, at once, where nothing is limited.

    `where` names the model in the config, `left` counts the requests still to come.
    """
    if not isinstance(model, EndpointModel) or model.limits == Limits():
        yield None
        return
    async with turn(results / "leases", slug) as handle:
        gate = Gate(model.limits, _budget(model, results, slug, where, left))
        with handing_on(handle, gate.windows, slug):
            yield gate


def _budget(model: EndpointModel, results: Path, slug: str, where: str, left: Callable[[], int]) -> Budget | None:
    if model.price is None or model.limits.spending is None:
        return None
    return Budget(model.price, model.limits.spending, spent_so_far(results, slug, model.price), where, left)


def spent_so_far(results: Path, slug: str, price: Price) -> float:
    """Return what all journaled replies of a model cost, in the currency of `price`, as far as usage was told."""
    spent = 0.0
    for path in journal_files(results / "journal" / slug):
        for key, line in journal_lines(path):
            reply = reply_in(line) if key is not None else None
            if reply is not None:
                spent += cost(price, reply.prompt_tokens or 0, reply.completion_tokens or 0)
    return spent
