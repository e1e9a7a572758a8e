"""Any OpenAI-compatible address, hosted or already running."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from personas.config.base import NonEmpty
from personas.config.models import ModelSection, Needs
from personas.config.sampling import Limits
from personas.core.errors import UserError
from personas.engines.kinds.engine import Engine

if TYPE_CHECKING:
    from personas.engines.place import Place
    from personas.engines.running import RunningEngine

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

    needs: ClassVar[Needs] = Needs(
        threads=1, megabytes=2000, seconds_per_token=0.02, start_seconds=0.0, counts_tokens=False
    )
    # It computes elsewhere.

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
        if required := {"model", "messages"} & set(value):
            raise ValueError(f"found {min(required)}, expected fields that a request can do without")
        return value

    @model_validator(mode="after")
    def _a_cap_needs_a_price(self) -> EndpointModel:
        if self.limits.spending is not None and self.price is None:
            raise ValueError("limits.spending: found without `price`, expected the price that it is counted by")
        return self

    @model_validator(mode="after")
    def _what_is_never_sent_has_no_value(self) -> EndpointModel:
        """Give settings that are left out one value, whatever the config says: they shape no answer, and no identity.

        The seed of a replicate still tells it from the others.
        """
        left_out = set(self.leave_out)
        sampling = {name: _NEVER_SENT[name] for name in left_out & _NEVER_SENT.keys()}
        thinking = {place: value for name, (place, value) in _THINKING_SENT_AS.items() if name in left_out}
        object.__setattr__(self, "sampling", self.sampling.model_copy(update=sampling))
        object.__setattr__(self, "thinking", self.thinking.model_copy(update=thinking))
        return self

    @property
    def limited_by(self) -> Limits:
        """What the address allows."""
        return self.limits

    @property
    def address(self) -> str:
        """Where the model is asked."""
        return self.base_url

    @property
    def key_from(self) -> str | None:
        """The environment variable that holds the key of the address."""
        return self.key_variable

    def identity(self) -> dict[str, Any]:
        """Return the fields that shape results; leaving nothing out is as if there were no such field."""
        return {key: value for key, value in super().identity().items() if key != "leave_out" or value}


@asynccontextmanager
async def _serve(model: EndpointModel, place: Place) -> AsyncIterator[RunningEngine]:
    from personas.engines.http.client import Client
    from personas.engines.http.patience import HOSTED
    from personas.engines.running import RunningEngine

    name, unknown = model.served_name or model.id, frozenset(model.leave_out)
    client = Client(model.base_url, _key(model, place), name, HOSTED, unknown, model.max_tokens_as)
    try:
        yield RunningEngine(client)
    finally:
        await client.close()


def _key(model: EndpointModel, place: Place) -> str:
    key = "none"
    if model.key_variable:
        key = os.environ.get(model.key_variable, "")
        if not key:
            raise UserError(
                f"{place.where}.key_variable: the environment has no {model.key_variable}, "
                f"expected the key of {model.base_url} in it (export {model.key_variable}=...)."
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise UserError(
                f"{place.where}.key_variable: found blanks, a line break or foreign letters in {model.key_variable}, "
                "expected nothing but the key."
            )
    return key


ENGINE = Engine(section=EndpointModel, serve=_serve)
