"""Section `conditions`: where the user turns come from."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from personas.config.base import NonEmpty, Section
from personas.config.users import User

Order = Literal["fixed", "shuffled"]
Answers = Literal["given", "own"]

TRANSCRIPT = "transcript:"
"""In front of a path: a conversation that was held elsewhere."""


class Segment(Section):
    """A part of a dialogue whose user turns go on in a script where an earlier part of it stopped."""

    turns: NonEmpty = Field(description="a script as in `turns` of a condition, no transcript")
    rounds: int = Field(gt=0, description="user turns of this part")


class Condition(Section):
    """A dialogue condition: where the user turns come from, for every persona and the baseline.

    A script, parts of several scripts, a conversation that was held elsewhere, or a user that a model plays.
    """

    not_identity: ClassVar[frozenset[str]] = frozenset({"name"})

    turns: NonEmpty | None = Field(
        default=None,
        description="JSON file with `questions`, and optionally `introductory_remark` and `concluding_remark`; "
        "or external:...; or transcript:FILE, a conversation as JSON Lines of messages",
    )
    segments: tuple[Segment, ...] = Field(
        default=(), description="instead of `turns`: parts of a dialogue, one after the other"
    )
    user: User | None = Field(default=None, description="instead of `turns`: a user whose turns a model writes")
    answers: Answers = Field(
        default="given",
        description="of a transcript: its answers are the dialogue, and nobody is asked; or the model's own",
    )
    rounds: int = Field(
        default=0, ge=0, description="user turns (each with one answer) in a dialogue; of `segments` their sum"
    )
    orders: tuple[Order, ...] = Field(default=("fixed",), min_length=1, description="orders to hold it in")
    ask_in: tuple[Order, ...] = Field(
        default=("fixed",),
        description="orders in which benchmark items are asked; the study asks in fixed only",
    )
    shuffle_seed: int = Field(default=42, ge=0, description="seed of the shuffled order")
    name: str | None = Field(default=None, description="display name, which `plan` and `status` print")

    @property
    def parts(self) -> tuple[Segment, ...]:
        """The scripts that the user turns come from, in order; none of a user that a model plays."""
        if self.turns is None:
            return self.segments
        return (Segment.model_construct(turns=self.turns, rounds=self.rounds),)

    @property
    def transcript(self) -> str | None:
        """The file of the conversation that was held elsewhere."""
        is_one = self.turns is not None and self.turns.startswith(TRANSCRIPT)
        return self.turns.removeprefix(TRANSCRIPT) if is_one and self.turns else None

    @property
    def has_given_answers(self) -> bool:
        """Whether nobody is asked for the answers of its dialogues."""
        return self.transcript is not None and self.answers == "given"

    @model_validator(mode="after")
    def _turns_come_from_one_place(self) -> "Condition":
        keys = [key for key in ("turns", "segments", "user") if getattr(self, key)]
        if len(keys) != 1:
            raise ValueError(f"found {' and '.join(keys) or 'none'}, expected one of turns, segments and user")
        if self.answers == "own" and self.transcript is None:
            raise ValueError("answers: found own, expected it with turns: transcript:FILE only")
        if strange := [part.turns for part in self.segments if part.turns.startswith(TRANSCRIPT)]:
            raise ValueError(f"segments: found {strange[0]}, expected scripts")
        return self

    @model_validator(mode="after")
    def _rounds_are_those_of_the_segments(self) -> "Condition":
        together = sum(part.rounds for part in self.segments)
        if self.segments and self.rounds not in (0, together):
            raise ValueError(f"rounds: found {self.rounds}, expected none or {together}, those of all segments")
        if not self.segments and not self.rounds:
            raise ValueError("rounds: missing or 0, expected how many user turns a dialogue has")
        if self.segments:
            object.__setattr__(self, "rounds", together)
        return self

    @model_validator(mode="after")
    def _orders_make_sense(self) -> "Condition":
        for key, orders in (("orders", self.orders), ("ask_in", self.ask_in)):
            if len(set(orders)) != len(orders):
                raise ValueError(f"{key} names an order twice: {', '.join(orders)}; expected each once")
        for order in self.ask_in:
            if order not in self.orders:
                raise ValueError(f"ask_in names {order}, expected only orders that stand in `orders`")
        if "shuffled" in self.orders and (self.user or self.has_given_answers):
            raise ValueError("orders: found shuffled, expected fixed only: each turn follows from what was said")
        return self
