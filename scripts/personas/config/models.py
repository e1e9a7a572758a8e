"""Section `models`: what is measured, and with which sampling. Each engine adds its own fields (`engines.kinds`)."""

from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from personas.config.base import NonEmpty, Section
from personas.config.machine import Machine
from personas.config.sampling import Limits, Price, Sampling, Thinking

SIDE_BY_SIDE = 8
"""Answers under way at which the defaults of an engine are stated; more of them slow each other."""


class Needs(NamedTuple):
    """What an engine takes of a machine and of time, before anything was measured.

    `threads` of a job, at most, and `megabytes` of the host's memory; `seconds_per_token` from one token of an answer
    to the next while eight answers are under way; `start_seconds` until the engine is ready. `counts_tokens`: it
    tells the tokens of every request, so that no tokenizer is ever needed.
    """

    threads: int
    megabytes: int
    seconds_per_token: float
    start_seconds: float
    counts_tokens: bool


class ModelSection(Section):
    """What all engines share: fields, and what others may know of an engine without knowing which one it is."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"name", "price", "concurrency", "called", "size", "family"})
    # `size` and `family` act in the tables that compare models by them.
    # `called` acts through the user turns of the baseline, whose text is part of the identity itself.
    keeps_lanes: ClassVar[bool] = False
    """Whether the engine keeps one prefix a lane, so that the requests of a dialogue follow one another."""
    needs: ClassVar[Needs]
    speed_is_its_own: ClassVar[bool] = False
    """Whether what another model on this engine took says nothing of it."""
    json_on_one_line: ClassVar[bool] = False
    """Whether the engine can be held to JSON without line ends."""

    engine: str
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
    def threads_at_most(self) -> int:
        """How many threads of a job the engine makes use of."""
        return self.needs.threads

    @property
    def gpus(self) -> int:
        """How many GPUs a batch uses."""
        return 0

    def stated_speed(self, machine: Machine, context: float) -> float:
        """Return answer tokens a second before anything was measured; `context` tokens stand before each."""
        return min(self.concurrency, SIDE_BY_SIDE) / self.needs.seconds_per_token

    @property
    def limited_by(self) -> Limits:
        """What the address allows; an engine of our own has no limits."""
        return Limits()

    @property
    def key_from(self) -> str | None:
        """The environment variable that holds the key of the address."""
        return None

    @property
    def address(self) -> str | None:
        """Where the model is asked; None for an engine of our own."""
        return None

    @property
    def is_on_hub(self) -> bool:
        """Whether the weights come from the hub, so that they are fetched before a batch starts."""
        return False

    @property
    def allows_code(self) -> bool:
        """Whether code that the model's repository brings along may run."""
        return False

    @property
    def released_as(self) -> str | None:
        """The name of its folder in the study's release, of a model that is imported."""
        return None

    @property
    def is_imported(self) -> bool:
        """Whether nobody is asked: results are made of released files."""
        return self.released_as is not None

    def fingerprint(self, where: str) -> str | None:
        """Return the fingerprint of the weights on disk, None where a hub or an endpoint holds them.

        UserError names `where`, the model's place in the config, if they are not there.
        """
        return None

    @property
    def addressed_as(self) -> str:
        """The name under which user turns address the baseline."""
        return self.called or self.id.rsplit("/", 1)[-1]
