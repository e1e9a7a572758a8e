"""Section `models`: what is measured, which engine serves it, and with which sampling."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from scripts.config.base import NonEmpty, Section


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


class Price(Section):
    """Price of a hosted model."""

    prompt_per_million: float = Field(ge=0, description="per million prompt tokens")
    completion_per_million: float = Field(ge=0, description="per million completion tokens")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")


class ModelSection(Section):
    """What all engines share."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"name", "price", "concurrency", "called"})
    # `called` acts through the user turns of the baseline, whose text is part of the identity itself.

    id: NonEmpty = Field(description="hub id of the model, e.g. google/gemma-3-4b-it")
    revision: NonEmpty = Field(description="pinned revision (commit) of the model")
    name: str | None = Field(default=None, description="display name; not used yet")
    called: str | None = Field(
        default=None,
        description="what `{role}` in user turns becomes for the baseline; default: end of the id",
    )
    sampling: Sampling
    system_role: Literal["system", "developer"] = Field(
        default="system", description="role name under which the model takes its system prompt"
    )
    thinking: Thinking = Thinking()
    price: Price | None = Field(default=None, description="price of the tokens, for the plan")
    concurrency: int = Field(default=12, gt=0, le=4096, description="requests in flight at most")

    @property
    def addressed_as(self) -> str:
        """The name under which user turns address the baseline."""
        return self.called or self.id.rsplit("/", 1)[-1]


class LlamaCppModel(ModelSection):
    """A GGUF file served by the embedded llama.cpp engine."""

    not_identity: ClassVar[frozenset[str]] = ModelSection.not_identity | {"weights", "threads"}
    # `weights` is a place; what enters the identity is the fingerprint of the file found there.

    engine: Literal["llama.cpp"]
    weights: NonEmpty = Field(
        description="path of a GGUF file, or package:NAME/FILE for one inside an installed Python package"
    )
    context_length: int = Field(gt=0, description="tokens of prompt and answer together")
    threads: int | None = Field(default=None, gt=0, description="CPU threads; default: those of the job")

    @property
    def samplers(self) -> list[str]:
        """The samplers in their order, vLLM's: temperature, then top-p.

        Named in every request, because llama.cpp's own list also applies top-k 40 and min-p 0.05.
        """
        drawn = self.sampling.temperature > 0 and self.sampling.top_p < 1
        return ["temperature", "top_p"] if drawn else ["temperature"]

    def identity(self) -> dict[str, Any]:
        """Return the fields that shape results, and the samplers, which do too."""
        return {**super().identity(), "samplers": self.samplers}


class EndpointModel(ModelSection):
    """A model behind an OpenAI-compatible address, hosted or already running."""

    not_identity: ClassVar[frozenset[str]] = ModelSection.not_identity | {"base_url", "key_variable"}

    engine: Literal["endpoint"]
    base_url: str = Field(pattern=r"^https?://", description="address up to and with /v1")
    key_variable: str | None = Field(
        default=None, pattern=r"^[A-Z][A-Z0-9_]*$", description="environment variable that holds the key"
    )


Model = Annotated[LlamaCppModel | EndpointModel, Field(discriminator="engine")]
