"""What an intervention is: a section of the config, and a function from what was said to what a model reads."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from personas.config.base import Section
from personas.config.personas import Persona
from personas.prompts.recipe import Message


class Exchange(NamedTuple):
    """A round: user turn and answer. `aside`: what the intervention asked behind it, and what was answered."""

    user: str
    answer: str
    aside: tuple[str, str] | None = None


@dataclass(frozen=True)
class History:
    """What stands before a user turn.

    `opening` holds the system prompt, if there is one. `persona` is None for the baseline. `role`: under which the
    model takes a system prompt; a message of the role `none` is put in front of the user turn behind it.
    """

    opening: Sequence[Message]
    rounds: Sequence[Exchange]
    persona: Persona | None
    role: str


class Intervention(Section, ABC):
    """One intervention of the config; its kind is a subclass with a field `kind`, in a module of this package.

    All its fields but the name stand in the digests of its cells. Raise `version` when a kind words or places
    something otherwise than before: what a model reads has changed.
    """

    not_identity: ClassVar[frozenset[str]] = frozenset({"name"})
    version: ClassVar[int] = 1
    for_baseline: ClassVar[bool] = False
    """Whether the model without a persona goes through it as well, and so is the baseline to compare with."""

    kind: str
    name: str | None = Field(default=None, description="display name, which `plan` and `status` print")

    @abstractmethod
    def messages(self, history: History, turn: str, is_item: bool) -> list[Message]:
        """Return the prompt for a user turn: a round's or, `is_item`, that of a benchmark, which nobody remembers."""

    def aside(self, history: History) -> str | None:
        """Return what the model is asked behind these rounds before anything else; None for nothing.

        What it answers stands in the `aside` of the last round from then on. Whether it is asked must not depend on
        what was said, only on how many rounds: a plan has to know it beforehand.
        """
        return None

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields of a persona's file that it needs, besides role and description."""
        return ()

    def identity_with(self, persona: Persona | None) -> dict[str, Any]:
        """Return what shapes results: its fields, its version, and what it reads of a persona."""
        fields = persona.model_dump(mode="json", include=set(self.reads)) if persona else {}
        return {**self.identity(), "version": self.version, **({"persona": fields} if fields else {})}


def spoken(rounds: Sequence[Exchange]) -> list[Message]:
    """Return rounds as messages, without what an intervention asked behind them."""
    return [message for one in rounds for message in exchange(one.user, one.answer)]


def exchange(user: str, answer: str) -> list[Message]:
    """Return a user turn and its answer as messages."""
    return [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]


def user(turn: str) -> Message:
    """Return a user turn as a message."""
    return {"role": "user", "content": turn}
