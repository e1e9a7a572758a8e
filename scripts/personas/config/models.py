"""Section `models`: what is measured, which engine serves it, and with which sampling."""

from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from personas.config.base import NonEmpty, Section
from personas.config.needs import ENDPOINT, LLAMA_CPP, VLLM, Needs
from personas.config.sampling import Limits, Price, Sampling, Thinking


class ModelSection(Section):
    """What all engines share."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"name", "price", "concurrency", "called", "size", "family"})
    # `size` and `family` act in the tables that compare models by them.
    # `called` acts through the user turns of the baseline, whose text is part of the identity itself.
    keeps_lanes: ClassVar[bool] = False
    """Whether the engine keeps one prefix a lane, so that the requests of a dialogue follow one another."""
    needs: ClassVar[Needs] = ENDPOINT
    json_on_one_line: ClassVar[bool] = False
    """Whether the engine can be held to JSON without line ends."""
    is_imported: ClassVar[bool] = False
    """Whether nobody is asked: results are made of released files."""

    id: NonEmpty = Field(description="hub id of the model, e.g. google/gemma-3-4b-it")
    revision: NonEmpty = Field(description="pinned revision (commit) of the model")
    name: str | None = Field(default=None, description="display name, which `plan` and `status` print")
    called: str | None = Field(
        default=None,
        description="what `{role}` in user turns becomes for the baseline; default: end of the id",
    )
    size: int | None = Field(
        default=None,
        gt=0,
        description="size of the model as a number, for tables that compare sizes; the study: 1, 2, 3",
    )
    family: NonEmpty | None = Field(
        default=None, description="family of the model, which tables group by; e.g. Gemma"
    )
    sampling: Sampling
    system_role: Literal["system", "developer", "none"] = Field(
        default="system",
        description="role name under which the model takes its system prompt; `none`: it knows no such role, so "
        "the prompt begins the first user turn",
    )
    thinking: Thinking = Thinking()
    price: Price | None = Field(default=None, description="price of the tokens, for the plan")
    concurrency: int = Field(default=12, gt=0, le=4096, description="requests in flight at most")

    @property
    def gpus(self) -> int:
        """How many GPUs a batch uses."""
        return 0

    @property
    def addressed_as(self) -> str:
        """The name under which user turns address the baseline."""
        return self.called or self.id.rsplit("/", 1)[-1]


Quantization = Literal["Q4_0", "Q8_0"]
"""Types of weights that llama.cpp computes fast on a CPU."""

CONVERSION_VERSION = 1
"""Raise it when engines/weights/conversion.py converts otherwise: part of the identity of converted weights."""


class LlamaCppModel(ModelSection):
    """A GGUF file served by the embedded llama.cpp engine."""

    not_identity: ClassVar[frozenset[str]] = ModelSection.not_identity | {"weights", "threads"}
    # `weights` is a place; what enters the identity is the fingerprint of the file found there.
    keeps_lanes: ClassVar[bool] = True
    needs: ClassVar[Needs] = LLAMA_CPP
    json_on_one_line: ClassVar[bool] = True

    engine: Literal["llama.cpp"]
    weights: NonEmpty = Field(
        description="path of a GGUF file, or package:NAME/FILE for one inside an installed Python package"
    )
    quantization: Quantization | None = Field(
        default=None,
        description="type that the projections of its layers are converted to when loaded; default: as they are",
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
        """Return the fields that shape results, and the samplers, which do too; weights as they are have no mark."""
        fields = super().identity()
        if fields.pop("quantization"):
            fields["quantization"] = f"{self.quantization} (conversion v{CONVERSION_VERSION})"
        return {**fields, "samplers": self.samplers}


class VllmModel(ModelSection):
    """A model that vLLM serves, on the GPUs of this machine (or its CPU, with a CPU build of vLLM)."""

    not_identity: ClassVar[frozenset[str]] = ModelSection.not_identity | {
        "weights",
        "tensor_parallel",
        "gpu_memory",
        "tuning_arguments",
    }
    # `weights` is a place; what enters the identity is the fingerprint of the folder found there.
    needs: ClassVar[Needs] = VLLM

    engine: Literal["vllm"]
    concurrency: int = Field(default=64, gt=0, le=4096, description="requests in flight at most")
    context_length: int = Field(gt=0, description="tokens of prompt and answer together")
    weights: NonEmpty | None = Field(
        default=None, description="local folder with the model, instead of `id` at `revision` from the hub"
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(default="auto", description="number format")
    tensor_parallel: int = Field(default=1, gt=0, le=64, description="GPUs that share the model")
    gpu_memory: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="share of each GPU's memory that vLLM takes; with a CPU build, of the machine's",
    )
    reasoning_parser: NonEmpty | None = Field(
        default=None, description="vLLM's parser that tells reasoning from answer, e.g. qwen3"
    )
    remote_code: bool = Field(default=False, description="run code that the model's repository brings along")
    extra_arguments: tuple[NonEmpty, ...] = Field(
        default=(), description="further arguments of `vllm serve` that may shape answers, e.g. --quantization=fp8"
    )
    tuning_arguments: tuple[NonEmpty, ...] = Field(
        default=(), description="further arguments of `vllm serve` that cannot, e.g. --max-num-seqs=64"
    )

    @property
    def gpus(self) -> int:
        """How many GPUs a batch uses: the model is spread over them."""
        return self.tensor_parallel


_NEVER_SENT: dict[str, float] = {"temperature": 0.0, "top_p": 1.0, "seed": 0}
"""Value of a setting of `sampling` that is left out. The longest answer is no such: it also tells what was cut."""

_THINKING_SENT_AS: dict[str, tuple[str, Any]] = {
    "chat_template_kwargs": ("template_arguments", {}),
    "reasoning_effort": ("effort", None),
}
"""Field of a request -> setting of `thinking` that it carries, and its value where it is left out."""


class EndpointModel(ModelSection):
    """A model behind an OpenAI-compatible address, hosted or already running."""

    not_identity: ClassVar[frozenset[str]] = ModelSection.not_identity | {
        "base_url",
        "key_variable",
        "served_name",
        "limits",
        "max_tokens_as",
    }

    engine: Literal["endpoint"]
    base_url: str = Field(pattern=r"^https?://", description="address up to and with /v1")
    key_variable: str | None = Field(
        default=None, pattern=r"^[A-Z][A-Z0-9_]*$", description="environment variable that holds the key"
    )
    served_name: NonEmpty | None = Field(
        default=None, description="name under which the address knows the model; default: `id`"
    )
    limits: Limits = Limits()
    leave_out: tuple[NonEmpty, ...] = Field(
        default=(), description="fields of a request that are not sent, because the address refuses to be given them"
    )
    max_tokens_as: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", description="field in which the address takes the longest answer"
    )

    @field_validator("base_url")
    @classmethod
    def _only_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if not parts.hostname or parts.port == 0 or "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "expected a host and a path, without user, password, `?` or `#`; the key belongs in key_variable"
            )
        if parts.path.rstrip("/").endswith("/completions"):
            raise ValueError("expected the address that requests are sent below, without /chat/completions")
        return value

    @field_validator("leave_out")
    @classmethod
    def _a_request_stays_one(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if needed := {"model", "messages"} & set(value):
            raise ValueError(f"found {min(needed)}, expected fields that a request can do without")
        return value

    @model_validator(mode="after")
    def _a_cap_needs_a_price(self) -> "EndpointModel":
        if self.limits.spending is not None and self.price is None:
            raise ValueError("limits.spending: found without `price`, expected the price that it is counted by")
        return self

    @model_validator(mode="after")
    def _what_is_never_sent_has_no_value(self) -> "EndpointModel":
        """Give settings that are left out one value, whatever the config says: they shape no answer, and no identity.

        The seed of a replicate still tells it from the others.
        """
        left_out = set(self.leave_out)
        sampling = {name: _NEVER_SENT[name] for name in left_out & _NEVER_SENT.keys()}
        thinking = {place: value for name, (place, value) in _THINKING_SENT_AS.items() if name in left_out}
        object.__setattr__(self, "sampling", self.sampling.model_copy(update=sampling))
        object.__setattr__(self, "thinking", self.thinking.model_copy(update=thinking))
        return self

    def identity(self) -> dict[str, Any]:
        """Return the fields that shape results; leaving nothing out is as if there were no such field."""
        return {key: value for key, value in super().identity().items() if key != "leave_out" or value}


class ReleasedModel(ModelSection):
    """A model (or judge) whose answers are not asked for but imported from the study's released files."""

    not_identity: ClassVar[frozenset[str]] = ModelSection.not_identity | {"directory"}
    # `directory` is a place; what enters the identity are the hashes of the files found there.
    is_imported: ClassVar[bool] = True

    engine: Literal["released"]
    directory: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="name of its folder in the release")


Model = Annotated[LlamaCppModel | VllmModel | EndpointModel | ReleasedModel, Field(discriminator="engine")]
