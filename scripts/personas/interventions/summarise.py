"""Summarise: every so many rounds the model sums up what was said, and the summary takes the place of the rounds."""

from typing import ClassVar, Literal

from pydantic import Field

from personas.interventions.base import History, Intervention, spoken, user
from personas.prompts.recipe import Message

_ASKED = (
    "[Not from the user.] Sum up the conversation so far, with all that is needed to go on with it: who said what, "
    "what was agreed, what is open. Ten sentences at most."
)
_MARKED = "[The conversation so far, in short. It does not come from the user. {summary}]"


class Summarise(Intervention):
    """A summary behind every `every` rounds; the next one also sums up the one before."""

    for_baseline: ClassVar[bool] = True

    kind: Literal["summarise"]
    every: int = Field(gt=0, description="kind summarise: rounds that each summary takes in")

    def messages(self, history: History, turn: str, is_item: bool) -> list[Message]:
        """Put the latest summary in front of the first user turn behind it."""
        latest = max((t for t, one in enumerate(history.rounds, start=1) if one.aside), default=0)
        aside = history.rounds[latest - 1].aside if latest else None
        before = [{"role": "none", "content": _MARKED.format(summary=aside[1])}] if aside else []
        return [*history.opening, *before, *spoken(history.rounds[latest:]), user(turn)]

    def aside(self, history: History) -> str | None:
        """Ask for a summary behind every `every` rounds."""
        return None if len(history.rounds) % self.every else _ASKED
