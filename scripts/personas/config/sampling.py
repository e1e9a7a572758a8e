"""What every model is asked with: sampling, thinking, what its tokens cost, how much may be asked."""

from typing import Any, Literal

from pydantic import Field

from personas.config.base import Section


class Sampling(Section):
    """How tokens are drawn. Every value is sent with every request; no engine default applies."""

    temperature: float = Field(ge=0, le=2, description="0 is greedy decoding")
    top_p: float = Field(default=1.0, gt=0, le=1, description="nucleus sampling: mass kept")
    max_tokens: int = Field(gt=0, description="longest answer, in tokens; a longer one is cut (`truncated`)")
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed of replicate 1; replicate r uses seed + r - 1")


class Thinking(Section):
    """How a model's reasoning is switched; the parts given here are sent as they are."""

    system_line: str | None = Field(default=None, description="first line of the system prompt")
    template_arguments: dict[str, bool | int | str] = Field(
        default_factory=dict, description="arguments of the chat template, e.g. enable_thinking: false"
    )
    effort: Literal["none", "minimal", "low", "medium", "high"] | None = Field(
        default=None, description="sent as `reasoning_effort`; for models that know it, e.g. gpt-oss"
    )

    def identity(self) -> dict[str, Any]:
        """Return the fields that shape results; no effort is as if there were no such field."""
        return {key: value for key, value in super().identity().items() if key != "effort" or value is not None}


class Price(Section):
    """Price of a hosted model."""

    prompt_per_million: float = Field(ge=0, description="per million prompt tokens")
    completion_per_million: float = Field(ge=0, description="per million completion tokens")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")


class Limits(Section):
    """What may be asked of an endpoint."""

    requests_per_minute: float | None = Field(default=None, gt=0, description="requests begun per minute at most")
    tokens_per_minute: float | None = Field(
        default=None, gt=0, description="prompt and completion tokens per minute at most"
    )
    spending: float | None = Field(
        default=None,
        ge=0,
        description="money, in the currency of `price`, for this model in this results folder at most",
    )
