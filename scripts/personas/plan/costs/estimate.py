"""What missing cells will take: requests, tokens, engine time, money."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from personas.config.models import ModelSection
from personas.config.users import SAME
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan.costs.distinct import Distinct
from personas.plan.costs.loads import Load, Loads, Place
from personas.plan.costs.rates import Rate, Rates, least_seconds
from personas.plan.costs.simulation import Prompt
from personas.plan.costs.tokens import Tokens
from personas.plan.models import asked_model
from personas.requests.simulated_user import USER_TURNS

Journaled = Mapping[str, Mapping[Place, int]]
"""Path of a cell -> place in it -> requests that the journal answers."""


@dataclass
class Estimate:
    """What a cell, or several, will take.

    `rows` are the planned rows; `requests` those that differ from all others; `journaled` of them are answered by
    the journal. All that follows is for the rest, which is sent: `prompt_tokens` as a server bills them,
    `computed_tokens` those of them that no request before has in the same prefix, `completion_tokens`, `seconds` of
    engine time. `measured` counts the sent requests whose answer length and speed come from earlier runs. `money` is
    in the currency of the model's price, 0 where there is none.
    """

    rows: int = 0
    requests: int = 0
    journaled: int = 0
    prompt_tokens: float = 0.0
    computed_tokens: float = 0.0
    completion_tokens: float = 0.0
    seconds: float = 0.0
    measured: int = 0
    money: float = 0.0

    @property
    def to_send(self) -> int:
        """Requests that are sent to the engine."""
        return self.requests - self.journaled

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Return the sum of estimates."""
    result = Estimate()
    for estimate in estimates:
        result = result + estimate
    return result


def estimate(
    grid: Grid, missing: Sequence[Cell], rates: Rates, journaled: Journaled, loads: Loads | None = None
) -> dict[str, Estimate]:
    """Return the estimate of every missing cell by its path; `loads` are those of the grid, where they are there."""
    estimator = _Estimator(grid, rates, loads or Loads(grid))
    return {cell.path: estimator.of(cell, journaled.get(cell.path, {})) for cell in missing}


class _Estimator:
    """Goes through missing cells in order; what an earlier one computes or sends is not counted again."""

    def __init__(self, grid: Grid, rates: Rates, loads: Loads) -> None:
        self._grid, self._rates = grid, rates
        self._loads = loads
        self._distinct = Distinct(grid, self._loads)
        self._tokens = Tokens(grid, rates, self._loads.simulations)
        self._computed: set[int] = set()  # beginnings of dialogues that stood before a request
        self._held: dict[int, float] = {}  # by beginning: tokens of its last user turn, where that was sent

    def of(self, cell: Cell, journaled: Mapping[Place, int]) -> Estimate:
        by_whom: dict[str | None, Estimate] = {None: Estimate()}
        if cell.is_imported:  # nobody is asked
            return by_whom[None]
        sent: dict[str | None, list[tuple[Load, int]]] = {}
        for load, new in self._distinct.of(cell):
            n_settled, result = (
                _count_settled(cell, load, new, journaled.get(load.place, 0)),
                by_whom.setdefault(load.by, Estimate()),
            )
            result.rows += load.rows
            result.requests += new
            result.journaled += n_settled
            if new > n_settled:
                sent.setdefault(load.by, []).append((load, new - n_settled))
        for by, loads in sent.items():
            self._add_sent(by_whom[by], cell, by, loads)
        return total(by_whom.values())

    def _model_of(self, cell: Cell, by: str | None) -> tuple[str, ModelSection, Rate]:
        """Return who is asked, by slug too, and the tokens of an answer: the cell's model, or who plays the user."""
        config = self._grid.study.config
        section = asked_model(config, cell.track.model, cell.judge)
        if by is None:
            return cell.asked_slug, section, self._tokens.answer(cell)
        slug, model = (cell.asked_slug, section) if by == SAME else (by, config.users[by])
        user = config.conditions[cell.track.condition].user
        longest = (user.max_tokens if user else None) or model.sampling.max_tokens
        return slug, model, self._rates.completion_tokens(slug, USER_TURNS, longest)

    def _add_sent(self, result: Estimate, cell: Cell, by: str | None, sent: Sequence[tuple[Load, int]]) -> None:
        slug, model, (tokens, measured) = self._model_of(cell, by)
        for load, count in sent:
            own_tokens = self._tokens.own_tokens(cell, load) * count / load.rows
            speed = self._rates.tokens_per_second(slug, model, load.before)
            result.prompt_tokens += own_tokens + count * self._tokens.before(cell, load)
            result.computed_tokens += own_tokens
            result.completion_tokens += count * tokens
            result.seconds += count * tokens / speed.value
            result.measured += count * (measured and speed.measured)
        result.computed_tokens += self._common_tokens(cell, sent)
        billed = result.prompt_tokens + result.completion_tokens
        result.seconds = max(result.seconds, least_seconds(model, result.to_send, billed))
        result.money = _money(model, result)

    def _common_tokens(self, cell: Cell, sent: Sequence[tuple[Load, int]]) -> float:
        """Tokens that the requests of a cell compute once for all of them, less what they counted as their own."""
        if cell.judge:
            beginning = self._loads.beginning(cell) * self._rates.tokens_per_character(cell.asked_slug).value
            return -beginning * (sum(count for _, count in sent) - 1)
        return sum(self._prefix_once(cell, load) for load, _ in sent)

    def _prefix_once(self, cell: Cell, load: Load) -> float:
        """Tokens of what stands before a request and before no request so far."""
        if prompts := self._tokens.shaped_prompts(cell, load):
            return sum(self._prompt_once(cell, load.before, prompt) for prompt in prompts)
        nodes, prefix, tokens = self._distinct.nodes(cell.track), self._tokens.prefix(cell.track), 0.0
        for t in range(load.before, -1, -1):
            if nodes[t] in self._computed:
                break
            self._computed.add(nodes[t])
            tokens += prefix[t] - (prefix[t - 1] if t else 0.0) - self._held.get(nodes[t], 0.0)
        if cell.stage == "dialogues":
            self._held[nodes[load.before + 1]] = self._tokens.own_tokens(cell, load)
        return tokens

    def _prompt_once(self, cell: Cell, before: int, prompt: Prompt) -> float:
        """Tokens of what an intervention puts before a request, as far as the request before it had it not.

        A prefix that breaks is computed again from where it breaks on.
        """
        place = self._distinct.place(cell.track, before, prompt)
        if place in self._computed:
            return 0.0
        self._computed.add(place)
        return self._tokens.of_size(cell.track, prompt.new)


def _count_settled(cell: Cell, load: Load, new: int, n_settled: int) -> int:
    """Return how many of the new requests are not sent; of a judgement rows are counted, whoever asks for them."""
    return new - min(new, load.rows - n_settled) if cell.judge else min(new, n_settled)


def _money(model: ModelSection, estimate: Estimate) -> float:
    price = model.price
    if price is None:
        return 0.0
    billed = estimate.prompt_tokens * price.prompt_per_million
    return (billed + estimate.completion_tokens * price.completion_per_million) / 1e6
