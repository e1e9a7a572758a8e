"""The config: one pydantic model per section, read from YAML, refused in one sentence when wrong."""

from pathlib import Path

from personas.config.reading.loader import load_config
from personas.config.root import Config

DEFAULT_CONFIG = Path("config/config.yaml")
"""Read unless other files are named."""

__all__ = ["DEFAULT_CONFIG", "Config", "load_config"]
