"""The money that may be spent on a model: what is under way is reserved, so that the cap is never passed."""

import asyncio
from collections.abc import Callable

from personas.config.sampling import Price
from personas.engines.errors import EngineOverBudget

_LEAST = 1e-9
"""Money that rounding may make of nothing."""


def cost(price: Price, prompt_tokens: float, completion_tokens: float) -> float:
    """Return the price of tokens, in its currency; cached prompt tokens count in full."""
    return (prompt_tokens * price.prompt_per_million + completion_tokens * price.completion_per_million) / 1e6


class Budget:
    """`cap` and `spent` are in the currency of `price`; `where` names the model, `left` counts requests to come."""

    def __init__(self, price: Price, cap: float, spent: float, where: str, left: Callable[[], int]) -> None:
        self._price = price
        self._cap = cap
        self.spent = spent
        self._where = where
        self._left = left
        self._reserved = 0.0
        self._under_way = 0
        self._is_over = False
        self._queue = asyncio.Lock()
        self._changed = asyncio.Event()

    async def reserve(self, prompt: float, completion: float) -> None:
        """Reserve the price of a request; wait for those under way where their real price may make room.

        EngineOverBudget once nothing is under way and it still does not fit, and ever after: a cheaper one behind it
        would be sent, and paid for, while the batch is already being ended.
        """
        price = cost(self._price, prompt, completion)
        async with self._queue:
            while not self._is_over and self.spent + self._reserved + price > self._cap + _LEAST:
                if self._under_way:
                    self._changed.clear()
                    await self._changed.wait()
                else:
                    self._is_over = True
            if self._is_over:
                raise EngineOverBudget(self._sentence())
            self._reserved += price
            self._under_way += 1

    def settle(self, reserved_prompt: float, reserved_completion: float, prompt: float, completion: float) -> None:
        """Put what a request took in the place of what was reserved for it."""
        self._reserved -= cost(self._price, reserved_prompt, reserved_completion)
        self.spent += cost(self._price, prompt, completion)
        self._under_way -= 1
        self._changed.set()

    def _sentence(self) -> str:
        currency = self._price.currency
        return (
            f"{self._where}.limits.spending: {self.spent:.4f} of {self._cap:.4f} {currency} is spent, and the next "
            f"request could exceed that; at most {self._left():,} requests are left. Raise it and start again: "
            "the run goes on from the journal."
        )
