"""Values given to Snakemake by `--config`, or by `config:` of a profile: overrides of top-level keys."""

from collections.abc import Mapping
from typing import Any

import yaml


def overrides(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Snakemake read, its nested values as they were meant.

    Snakemake reads a number or truth value at the top level as such, but every value inside a list or mapping as
    text (`machine={gpus: [0]}` becomes the text "0"), and writes a profile's null as `None`.
    """
    return {
        key: value if isinstance(value, str) else _interpret(value)
        for key, value in config.items()
        if key != "frozen_plan"  # our own (scripts/personas/workflow/workflow.py)
    }


def _interpret(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _interpret(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_interpret(inner) for inner in value]
    return _scalar(value) if isinstance(value, str) else value


def _scalar(text: str) -> Any:
    if text in ("None", "null", "~"):
        return None
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if isinstance(value, bool | int | float) else text
