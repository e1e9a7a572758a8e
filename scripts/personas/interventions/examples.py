"""Examples: exchanges in the persona's voice stand before the first round."""

from typing import Literal

from pydantic import Field

from personas.interventions.base import History, Intervention, exchange, spoken, user
from personas.prompts.recipe import Message


class Examples(Intervention):
    """The exchanges that the persona's file gives."""

    kind: Literal["examples"]
    count: int | None = Field(default=None, gt=0, description="kind examples: the first so many; default: all")

    @property
    def reads(self) -> tuple[str, ...]:
        """The examples."""
        return ("examples",)

    def messages(self, history: History, turn: str, is_item: bool) -> list[Message]:
        """Put the examples behind the opening."""
        persona = history.persona
        examples = persona.examples[: self.count] if persona else ()
        before = [message for one in examples for message in exchange(one.user, one.answer)]
        return [*history.opening, *before, *spoken(history.rounds), user(turn)]
