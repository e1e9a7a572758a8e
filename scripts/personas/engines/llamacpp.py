"""How the embedded engine is started."""

import os
import sys
from typing import Any

from personas.config.models import LlamaCppModel
from personas.engines.command import Command
from personas.engines.place import Place
from personas.engines.weights.converted import converted_file
from personas.external.weights_files import locate

KEY_VARIABLE = "PERSONAS_ENGINE_KEY"
"""The server reads its key from here. Named here, because importing the server loads llama.cpp."""

SPINS_VARIABLE, SPINS = "GOMP_SPINCOUNT", "2000"
"""How long threads that wait for each other spin before they sleep. By default that loses a time slice at every
layer where anything else runs: two engines on two cores take several times as long (tests/benchmarks/spinning.py).
"""

_LOADING, _CONVERTING = 60.0, 900.0
"""Seconds for a gigabyte of weights, on a slow disk and a slow core; at 2 bits that is four billion numbers."""


def command(model: LlamaCppModel, place: Place, port: int, key: str) -> Command:
    """Return the command that serves a GGUF file; the deadline grows with the size of the file."""
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


def hints(model: LlamaCppModel, lane: int) -> dict[str, Any]:
    """Return what the server needs beside the OpenAI fields: the lane that holds the dialogue, and the samplers."""
    return {"id_slot": lane, "cache_prompt": True, "samplers": model.samplers}
