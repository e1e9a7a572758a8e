"""Section `conditions`: where the user turns come from."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from personas.config.base import NonEmpty, Section

Order = Literal["fixed", "shuffled"]


class Condition(Section):
    """A dialogue condition: a script of user turns, the same for every persona and the baseline."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"name"})

    turns: NonEmpty = Field(
        description="JSON file with `questions`, and optionally `introductory_remark` and `concluding_remark`; "
        "or external:..."
    )
    rounds: int = Field(gt=0, description="user turns (each with one answer) in a dialogue")
    orders: tuple[Order, ...] = Field(default=("fixed",), min_length=1, description="orders to hold it in")
    ask_in: tuple[Order, ...] = Field(
        default=("fixed",),
        description="orders in which benchmark items are asked; the study asks in fixed only",
    )
    shuffle_seed: int = Field(default=42, ge=0, description="seed of the shuffled order")
    name: str | None = Field(default=None, description="display name, which `plan` and `status` print")

    @model_validator(mode="after")
    def _orders_make_sense(self) -> "Condition":
        for key, orders in (("orders", self.orders), ("ask_in", self.ask_in)):
            if len(set(orders)) != len(orders):
                raise ValueError(f"{key} names an order twice: {', '.join(orders)}; expected each once")
        for order in self.ask_in:
            if order not in self.orders:
                raise ValueError(f"ask_in names {order}, expected only orders that stand in `orders`")
        return self
