"""How long dialogues get in tokens, by model and by persona."""

from collections.abc import Collection, Iterator

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.intervals import UNITS
from personas.tables.averages import averages
from personas.tables.table import generalisation, table


def token_averages(lengths: pd.DataFrame, *, generalise: Collection[str] = UNITS) -> pd.DataFrame:
    """Return `averages` of `tables/lengths`: mean tokens of the dialogue after each round, a gap where not known.

    `position` is the round, `measure` is "tokens".
    """
    names = {"round": "position", "tokens": "value"}
    return averages(lengths.rename(columns=names).assign(measure="tokens", axis="round"), generalise=generalise)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    yield Instance("token-averages", {"lengths": context.outputs("lengths")}, generalisation(grid))


TOKEN_AVERAGES = table("token_averages", token_averages, _instances, module=__name__, title="Tokens of dialogues")
