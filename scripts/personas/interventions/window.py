"""Window: only the last rounds stay in the prompt; the model has forgotten what was before."""

from typing import ClassVar, Literal

from pydantic import Field

from personas.interventions.base import History, Intervention, spoken, user
from personas.prompts.recipe import Message


class Window(Intervention):
    """The opening and the last `rounds` rounds."""

    for_baseline: ClassVar[bool] = True

    kind: Literal["window"]
    rounds: int = Field(gt=0, description="kind window: rounds that stay in the prompt")

    def messages(self, history: History, turn: str, is_item: bool) -> list[Message]:
        """Leave out all rounds but the last."""
        return [*history.opening, *spoken(history.rounds[-self.rounds :]), user(turn)]
