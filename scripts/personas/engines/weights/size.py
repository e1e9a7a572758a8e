"""How large a model that vLLM serves is: told by its files if they are here, by the config, or by its name."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personas.config.machine import Machine
from personas.engines.kinds.vllm import VllmModel
from personas.engines.roofline import Size
from personas.external.cache import snapshot_folder
from personas.external.needed import weights_cache

_BILLIONS = re.compile(r"(?<![A-Za-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)B(?![A-Za-z0-9])", re.IGNORECASE)
_ACTIVE = re.compile(r"(?<![A-Za-z0-9])A(\d+(?:\.\d+)?)B(?![A-Za-z0-9])", re.IGNORECASE)
"""`30B-A3B`: 30 billion parameters, three of them active for a token; `8x7B`."""

_UNKNOWN = 8e9
"""Parameters of a model of which nothing tells."""

_CACHE = 46e3
"""Bytes of keys and values for a token of a model with a billion active parameters. They grow as the square root of
these, within a half: Llama 3.1 8B has 131 kB and 70B 328 kB, Qwen3 30B-A3B 98 kB, gpt-oss 120B 74 kB."""

_BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "auto": 2.0}
_QUANTIZED = re.compile(r"\b(?:fp8|int8|w8a8)\b|\b(awq|gptq|int4|nvfp4|mxfp4|bitsandbytes)\b", re.IGNORECASE)


def size_of(model: VllmModel, machine: Machine) -> Size:
    """Return the size of a model; `source` says in words where it comes from."""
    folder = Path(model.weights).expanduser() if model.weights else snapshot_folder(model, weights_cache(machine))
    config = _json(folder / "config.json")
    on_disk, each = _bytes_on_disk(folder), _bytes_each(model, config)
    if model.parameters:
        parameters, source = model.parameters * 1e9, "parameters in the config"
    elif on_disk:
        parameters, source = on_disk / each, "its weights"
    elif by_name := _parameters_in_name(model.id):
        parameters, source = by_name, "its name"
    else:
        parameters, source = _UNKNOWN, "a guess: set `parameters`"
    active = _active(model, config, parameters)
    cache = _cache(config) or _CACHE * math.sqrt(active / 1e9)
    return Size(on_disk or parameters * each, parameters, active, cache, source)


def _parameters_in_name(name: str) -> float | None:
    sizes = [(float(times or 1) * float(billions)) * 1e9 for times, billions in _BILLIONS.findall(name)]
    return max(sizes, default=None)


def _bytes_on_disk(folder: Path) -> float:
    """Return the bytes of all weights, as their index tells them, or as they lie there; 0 where neither is here."""
    index = _json(folder / "model.safetensors.index.json").get("metadata", {})
    return float(index.get("total_size") or sum(file.stat().st_size for file in folder.glob("*.safetensors")))


def _bytes_each(model: VllmModel, config: Mapping[str, Any]) -> float:
    text = f"{model.id} {' '.join(model.extra_arguments)} {json.dumps(config.get('quantization_config') or {})}"
    if match := _QUANTIZED.search(text.replace("_", " ")):
        return 0.6 if match[1] else 1.0  # at four bits with their scales
    dtype = config.get("torch_dtype") or config.get("dtype") or "auto"
    return _BYTES.get(str(dtype if model.dtype == "auto" else model.dtype), 2.0)


def _active(model: VllmModel, config: Mapping[str, Any], parameters: float) -> float:
    """Return the parameters that a token passes: all, but for mixtures of experts."""
    if model.active_parameters:
        return min(parameters, model.active_parameters * 1e9)
    if match := _ACTIVE.search(model.id):
        return min(parameters, float(match[1]) * 1e9)
    text = config.get("text_config", config)
    experts = next((text[key] for key in ("num_experts", "num_local_experts", "n_routed_experts") if key in text), 0)
    per_token, layers = text.get("num_experts_per_tok", 0), text.get("num_hidden_layers", 0)
    width = text.get("moe_intermediate_size") or text.get("intermediate_size", 0)
    in_experts = 3.0 * layers * experts * text.get("hidden_size", 0) * width
    return (
        parameters - min(in_experts, 0.95 * parameters) * (1 - per_token / experts)
        if experts and per_token
        else parameters
    )


def _cache(config: Mapping[str, Any]) -> float | None:
    """Return the bytes that keys and values of a token take in 16 bits; None where the config does not tell."""
    text = config.get("text_config", config)
    layers, heads = text.get("num_hidden_layers"), text.get("num_attention_heads")
    if not (layers and heads):
        return None
    wide = text.get("head_dim") or text.get("hidden_size", 0) / heads
    return 2 * 2.0 * layers * (text.get("num_key_value_heads") or heads) * wide or None


def _json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return read if isinstance(read, dict) else {}
    except (OSError, ValueError):
        return {}
