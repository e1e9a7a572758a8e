"""Every measured number of dialogues with an intervention: `tables/values` has those without."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from personas.core.parquet import read_frame
from personas.grid.grid import Grid
from personas.grid.value_columns import KEYS, VALUE_DTYPES
from personas.plan.declaration import Context, Instance
from personas.stats.measures import Measure
from personas.tables.measures import measures_of
from personas.tables.table import ratings_with, table
from personas.tables.values import values_of_files

INTERVENTION_VALUE_DTYPES = {"intervention": "str", **VALUE_DTYPES}


def intervention_values(ratings: Sequence[Path], measures: Sequence[Measure]) -> pd.DataFrame:
    """Return `values` of tables of ratings, each of one intervention, which the first column names."""
    parts = [values_of_files([path], measures).assign(intervention=_of(path)) for path in ratings]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(INTERVENTION_VALUE_DTYPES))
    typed = table[list(INTERVENTION_VALUE_DTYPES)].astype(INTERVENTION_VALUE_DTYPES)
    return typed.sort_values(["intervention", *KEYS], ignore_index=True)


def _of(path: Path) -> str:
    return str(read_frame(path, columns=["intervention"])["intervention"].iat[0])


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if slugs := list(grid.study.config.interventions):
        files = [path for slug in slugs for path in ratings_with(context, slug)]
        yield Instance("intervention-values", {"ratings": files}, {"measures": measures_of(grid)})


INTERVENTION_VALUES = table("intervention_values", intervention_values, _instances, module=__name__, from_files=True)
