"""Where a model is served."""

from dataclasses import dataclass
from pathlib import Path

from personas.config.machine import Machine


@dataclass(frozen=True)
class Place:
    """Where a model is served. `where` is its field in the config, `lanes` the dialogues held side by side."""

    slug: str
    where: str
    machine: Machine
    threads: int
    lanes: int
    log: Path
