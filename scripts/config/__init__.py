"""The config: one pydantic model per section, read from YAML, refused in one sentence when wrong."""

from scripts.config.loader import load_config
from scripts.config.root import Config

__all__ = ["Config", "load_config"]
