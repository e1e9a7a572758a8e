"""Remind: the persona is told again who it is, every so many rounds or right before an item."""

from typing import Literal

from pydantic import Field, model_validator

from personas.interventions.base import History, Intervention, exchange, user
from personas.prompts.recipe import Message, persona_prompt

Place = Literal["message", "turn", "opening"]
_MARKED = "[A reminder; it does not come from the user. {text}]\n\n{turn}"


class Remind(Intervention):
    """A reminder behind every `every` rounds, which stays where it is, and right before each item."""

    kind: Literal["remind"]
    every: int | None = Field(default=None, gt=0, description="kind remind: rounds from one reminder to the next")
    before_items: bool = Field(default=False, description="kind remind: also right before each item")
    place: Place = Field(
        default="message",
        description="kind remind: a system message of its own; marked in the user turn; or the opening, which then "
        "stands at the latest reminder instead of at the beginning",
    )
    form: Literal["whole", "short"] = Field(
        default="whole", description="kind remind: the whole prompt of the persona, or `short` of its file"
    )

    @model_validator(mode="after")
    def _says_when_and_what(self) -> "Remind":
        if self.every is None and not self.before_items:
            raise ValueError("found neither every nor before_items, expected one of them or both")
        if self.place == "opening" and self.form == "short":
            raise ValueError("form: found short with place opening, expected whole: the system prompt itself moves")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """The short form, where that is said."""
        return ("short",) if self.form == "short" else ()

    def messages(self, history: History, turn: str, is_item: bool) -> list[Message]:
        """Put a reminder in front of every turn that is due."""
        due = self._due(len(history.rounds), is_item)
        is_moved = self.place == "opening" and bool(due)
        result = [] if is_moved else list(history.opening)
        latest = max(due, default=-1)
        for before, one in enumerate(history.rounds):
            turn_messages = self._turn(history, one.user, before in due and not (is_moved and before < latest))
            result += [*turn_messages[:-1], *exchange(turn_messages[-1]["content"], one.answer)]
        return [*result, *self._turn(history, turn, len(history.rounds) in due)]

    def _due(self, rounds: int, is_item: bool) -> set[int]:
        """Return behind how many rounds reminders stand."""
        due = set(range(self.every, rounds + 1, self.every)) if self.every else set()
        return due | ({rounds} if is_item and self.before_items else set())

    def _turn(self, history: History, turn: str, is_due: bool) -> list[Message]:
        """Return a user turn, with a reminder where one is due."""
        if not is_due:
            return [user(turn)]
        if self.place == "opening":
            return [*history.opening, user(turn)]
        if self.place == "turn":
            return [user(_MARKED.format(text=self._text(history), turn=turn))]
        return [{"role": history.role, "content": f"A reminder. {self._text(history)}"}, user(turn)]

    def _text(self, history: History) -> str:
        persona = history.persona
        if persona is None:
            return ""
        return persona_prompt(persona) if self.form == "whole" else f"You are {persona.role}. {persona.short}"
