"""How often each dialogue is held: as often as all others, or more often where it is drawn to show noise."""

import hashlib

from personas.config import Config
from personas.config.personas import BASELINE

_WHOLE = 2**64


def replicates_of(config: Config, model: str, persona: str, condition: str, order: str) -> int:
    """Return the replicates of a dialogue.

    A dialogue is drawn where the hash of its names is below the share, so that another model, persona or condition
    moves no draw; of each model at least one is.
    """
    noise = config.noise
    if noise is None:
        return config.replicates
    own = rank(model, persona, condition, order)
    is_drawn = own < noise.cells or own == _first(config, model)
    return noise.replicates if is_drawn else config.replicates


def rank(*names: str) -> float:
    """Return a number from 0 to 1 by the hash of names: those below a share are about that share of all."""
    return int.from_bytes(hashlib.sha256("\n".join(names).encode()).digest()[:8]) / _WHOLE


def _first(config: Config, model: str) -> float:
    """Return the least rank of the baseline's dialogues of a model: there is one whatever the personas are."""
    return min(rank(model, BASELINE, slug, order) for slug, c in config.conditions.items() for order in c.orders)
