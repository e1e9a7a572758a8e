"""What a supervisor starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A process to supervise; it must answer within `deadline` seconds.

    `environment` is added to ours: keys travel there, never in `arguments`, which `ps` shows.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    deadline: float
