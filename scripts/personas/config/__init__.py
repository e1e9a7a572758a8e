"""The config: one pydantic model per section, read from YAML, refused in one sentence when wrong."""

import os
from pathlib import Path

from personas.config.reading.loader import load_config
from personas.config.root import Config
from personas.core.errors import UserError

DEFAULT_CONFIG = Path("config/config.yaml")
"""Read in a checkout, unless other files are named."""
STUDY_CONFIG = Path("config.yaml")
"""Read in the folder of a study."""


def default_files() -> list[Path]:
    """Return what is read where no file is named: those of PERSONAS_CONFIG (a list as PATH is one), or the one here.

    UserError where there is none.
    """
    names = os.environ.get("PERSONAS_CONFIG", "").split(os.pathsep)
    here = [path for path in (DEFAULT_CONFIG, STUDY_CONFIG) if path.exists()]
    files = [Path(name) for name in names if name] or here[:1]
    if not files:
        raise UserError(
            f"Found neither {STUDY_CONFIG} nor {DEFAULT_CONFIG} in this folder, expected one of them, or "
            "--configfile FILE; `personas init` begins a study."
        )
    return files


__all__ = ["DEFAULT_CONFIG", "Config", "default_files", "load_config"]
