"""How long dialogues get in tokens, by model and by persona."""

from collections.abc import Iterator

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Instance, Known
from personas.stats.bootstrap import RESAMPLES, SEED
from personas.tables.averages import averages
from personas.tables.table import bootstrap, table


def token_averages(lengths: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = SEED) -> pd.DataFrame:
    """Return `averages` of `tables/lengths`: mean tokens of the dialogue after each round, a gap where not known.

    `position` is the round, `measure` is "tokens".
    """
    names = {"round": "position", "tokens": "value"}
    return averages(
        lengths.rename(columns=names).assign(measure="tokens", axis="round"), resamples=resamples, seed=seed
    )


def _instances(grid: Grid, known: Known) -> Iterator[Instance]:
    yield Instance("token-averages", {"lengths": known.outputs("lengths")}, bootstrap(grid))


TOKEN_AVERAGES = table("token_averages", token_averages, _instances, module=__name__)
