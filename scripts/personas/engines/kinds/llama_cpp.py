"""The embedded engine: a GGUF file served by llama.cpp, on the CPU."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from personas.config.base import NonEmpty
from personas.config.models import ModelSection, Needs
from personas.engines.command import Command
from personas.engines.kinds.engine import Engine
from personas.external.weights_files import fingerprint, known_fingerprint, locate

if TYPE_CHECKING:
    from personas.engines.place import Place
    from personas.engines.running import RunningEngine

KEY_VARIABLE = "PERSONAS_ENGINE_KEY"
"""The server reads its key from here. Named here, because importing the server loads llama.cpp."""

SPINS_VARIABLE, SPINS = "GOMP_SPINCOUNT", "2000"
"""How long threads that wait for each other spin before they sleep. By default that loses a time slice at every
layer where anything else runs: two engines on two cores take several times as long (tests/benchmarks/spinning.py).
"""

_LOADING, _CONVERTING = 60.0, 900.0
"""Seconds for a gigabyte of weights, on a slow disk and a slow core; at 2 bits that is four billion numbers."""


Quantization = Literal["Q4_0", "Q8_0"]
"""Types of weights that llama.cpp computes fast on a CPU."""

CONVERSION_VERSION = 1
"""Raise it when `weights.conversion` converts otherwise: part of the identity of converted weights."""


class LlamaCppModel(ModelSection):
    """A GGUF file served by the embedded llama.cpp engine."""

    not_identity: ClassVar[frozenset[str]] = ModelSection.not_identity | {"weights", "threads"}
    # `weights` is a place; what enters the identity is the fingerprint of the file found there.
    keeps_lanes: ClassVar[bool] = True
    needs: ClassVar[Needs] = Needs(
        threads=8, megabytes=3000, seconds_per_token=0.1, start_seconds=2.0, counts_tokens=True
    )
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
    threads: int | None = Field(
        default=None, gt=0, description="CPU threads, of a job too; default: up to 8 of those there are"
    )

    @property
    def threads_at_most(self) -> int:
        """How many threads of a job the engine makes use of: as many as the config names."""
        return self.threads or self.needs.threads

    @property
    def samplers(self) -> list[str]:
        """The samplers in their order, vLLM's: temperature, then top-p.

        Named in every request, because llama.cpp's own list also applies top-k 40 and min-p 0.05.
        """
        is_drawn = self.sampling.temperature > 0 and self.sampling.top_p < 1
        return ["temperature", "top_p"] if is_drawn else ["temperature"]

    def fingerprint(self, where: str) -> str | None:
        """Return the fingerprint of the GGUF file."""
        return known_fingerprint(self.weights) or fingerprint(locate(self.weights, f"{where}.weights"))

    def identity(self) -> dict[str, Any]:
        """Return the fields that shape results, and the samplers, which do too; weights as they are have no mark."""
        fields = super().identity()
        if fields.pop("quantization"):
            fields["quantization"] = f"{self.quantization} (conversion v{CONVERSION_VERSION})"
        return {**fields, "samplers": self.samplers}


@asynccontextmanager
async def _serve(model: LlamaCppModel, place: Place) -> AsyncIterator[RunningEngine]:
    from personas.engines.running import supervise

    async with supervise(partial(command, model, place), place) as served:
        yield served


def command(model: LlamaCppModel, place: Place, port: int, key: str) -> Command:
    """Return the command that serves a GGUF file; the deadline grows with the size of the file."""
    from personas.engines.weights.converted import converted_file  # not everybody who plans needs it

    weights = locate(model.weights, f"{place.where}.weights")
    gigabytes = weights.stat().st_size / 1e9
    arguments = {
        "--weights": weights,
        "--served-name": place.slug,
        "--port": port,
        "--lanes": place.lanes,
        "--context-length": model.context_length,
        "--threads": model.threads or place.threads,
    }
    per_gigabyte = _LOADING
    if model.quantization:
        converted = converted_file(weights, model.quantization, place.machine)
        arguments |= {"--quantization": model.quantization, "--converted": converted, "--where": place.where}
        per_gigabyte = _LOADING if converted.exists() else _CONVERTING
    flat = [str(part) for pair in arguments.items() for part in pair]
    return Command(
        [sys.executable, "-m", "personas.engines.llamacpp_server", *flat],
        {KEY_VARIABLE: key, SPINS_VARIABLE: os.environ.get(SPINS_VARIABLE, SPINS)},
        60 + per_gigabyte * gigabytes,
    )


def _lane(model: LlamaCppModel, lane: int) -> Mapping[str, Any]:
    """Return the lane that holds the dialogue, and the samplers: the server needs both beside the OpenAI fields."""
    return {"id_slot": lane, "cache_prompt": True, "samplers": model.samplers}


ENGINE = Engine(section=LlamaCppModel, serve=_serve, lane=_lane)
