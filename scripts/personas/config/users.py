"""Users whose turns a model writes: the file that says who they are, and which model writes."""

from typing import Any, Literal

from pydantic import Field

from personas.config.base import NonEmpty, Section

SAME = "same"
"""Names the model that is measured as the one that writes the user's turns, in a conversation of its own."""


class Brief(Section):
    """Who a simulated user is: a YAML file. `{role}` in its texts is whom they talk with."""

    brief: NonEmpty = Field(description="who the user is, what they want and how they write, in the second person")
    opening: NonEmpty = Field(description="their first message, which is the same in every dialogue")
    stop: NonEmpty | None = Field(
        default=None, description="words with which they end the conversation; default: they never do"
    )

    def identity(self) -> dict[str, Any]:
        """Return what shapes a turn; the opening is a turn itself."""
        return {"brief": self.brief, "stop": self.stop}


class User(Section):
    """A simulated user of a condition."""

    brief: NonEmpty = Field(description="YAML file that says who the user is")
    model: NonEmpty = Field(
        default=SAME, description="who writes: `same`, the model that is measured, or a slug of the section `users`"
    )
    opening: NonEmpty | None = Field(default=None, description="first message, in the place of the file's")
    stop: NonEmpty | None = Field(default=None, description="words that end the conversation, in place of the file's")
    max_tokens: int | None = Field(default=None, gt=0, description="longest turn, instead of the model's answer")
    replay: Literal["persona"] | None = Field(
        default=None,
        description="`persona`: the baseline answers the turns of each persona's user, in a dialogue for each; "
        "default: it has a user of its own",
    )
