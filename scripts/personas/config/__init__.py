"""The config: one pydantic model per section, read from YAML, refused in one sentence when wrong."""

import os
from pathlib import Path

from personas.config.reading.loader import load_config
from personas.config.root import Config

DEFAULT_CONFIG = Path("config/config.yaml")
"""Read unless other files are named."""


def default_files() -> list[Path]:
    """Return what is read where no file is named: those of PERSONAS_CONFIG (a list as PATH is one), or the demo's."""
    named = os.environ.get("PERSONAS_CONFIG", "").split(os.pathsep)
    return [Path(name) for name in named if name] or [DEFAULT_CONFIG]


__all__ = ["DEFAULT_CONFIG", "Config", "default_files", "load_config"]
