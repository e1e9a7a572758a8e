"""The config, read from YAML; every mistake becomes one sentence with file, field, found and expected."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from personas.config.base import Section
from personas.config.reading.sentences import sentences
from personas.config.root import Config
from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml

SectionT = TypeVar("SectionT", bound=Section)


def load_config(paths: Sequence[Path], overrides: Mapping[str, Any] | None = None) -> Config:
    """Read the config from YAML files (a later file wins, key by key) and then `overrides` of top-level keys."""
    raw: dict[str, Any] = {}
    for path in paths:
        _merge(raw, read_yaml(path))
    _merge(raw, dict(overrides or {}))
    places = [*map(str, paths), *(["--config or a profile"] if overrides else [])]
    return validate(Config, raw, source=", ".join(places))


def validate(section: type[SectionT], raw: Mapping[str, Any], source: str) -> SectionT:
    """Validate a mapping as a section; UserError has one line per mistake."""
    try:
        # Through JSON, because YAML knows no tuples and pydantic's strict mode takes lists for them only there.
        return section.model_validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        raise UserError("\n".join(sentences(section, source, error.errors()))) from None


def _merge(target: dict[str, Any], update: Mapping[str, Any]) -> None:
    for key, value in update.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value
