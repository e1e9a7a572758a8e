"""Restate: the model itself says who it is, every so many rounds; its words stay in the dialogue."""

from typing import Literal

from pydantic import Field

from personas.interventions.base import History, Intervention, exchange, user
from personas.prompts.recipe import Message

_ASKED = "[Not from the user.] Before the conversation goes on: who are you, and how do you speak? Two sentences."


class Restate(Intervention):
    """A question of ours behind every `every` rounds, and the answer."""

    kind: Literal["restate"]
    every: int = Field(gt=0, description="kind restate: rounds from one time to the next")

    def messages(self, history: History, turn: str, is_item: bool) -> list[Message]:
        """Keep what was asked and answered where it was said."""
        result = list(history.opening)
        for one in history.rounds:
            result += exchange(one.user, one.answer) + (exchange(*one.aside) if one.aside else [])
        return [*result, user(turn)]

    def aside(self, history: History) -> str | None:
        """Ask behind every `every` rounds."""
        return None if len(history.rounds) % self.every else _ASKED
