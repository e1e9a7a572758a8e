"""How long dialogues get in tokens, by model and by persona."""

import pandas as pd

from personas.stats.bootstrap import RESAMPLES, SEED
from personas.tables.averages import averages


def token_averages(lengths: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = SEED) -> pd.DataFrame:
    """Return `averages` of `tables/lengths`: mean tokens of the dialogue after each round, a gap where not known.

    `position` is the round, `measure` is "tokens".
    """
    names = {"round": "position", "tokens": "value"}
    return averages(
        lengths.rename(columns=names).assign(measure="tokens", axis="round"), resamples=resamples, seed=seed
    )
