"""What the grids of panels draw: means over the dialogue, for each model and for each persona."""

from collections.abc import Collection, Iterator
from typing import Literal

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats import cells, checks
from personas.stats.intervals import UNITS
from personas.tables.items.variances import Variances
from personas.tables.table import generalisation, table

By = Literal["model", "persona"]

AVERAGE_DTYPES = {
    "by": "str",
    "unit": "str",
    "measure": "str",
    "condition": "str",
    "group": "str",
    "axis": "str",
    "position": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "n_cells": "int64",
    "n_missing": "int64",
}
_PLACE = ["measure", "condition", "group", "axis", "position"]
_KEY = [*_PLACE, "model", "persona"]
_NOBODY = ""  # the persona of a baseline whose answers belong to nobody; no slug is empty


def averages(
    values: pd.DataFrame, variances: pd.DataFrame | None = None, *, generalise: Collection[str] = UNITS
) -> pd.DataFrame:
    """Mean and band by model, over its personas and items, and by persona, over the models and items.

    `values` is `tables/values`, `variances` what items add (`personas.tables.items.variances`). Orders and replicates
    are averaged first; mean, low and high (unit of the measure) run over the other dimension, each cell counting the
    same (`personas.stats.intervals`). Beside a persona stands the baseline that answered its
    items or is judged as it; answers of a baseline that belong to nobody stand beside each persona of the model (the
    study drew the mean over all baselines there). `n_missing`: cells without a value. Columns and types:
    `AVERAGE_DTYPES`; sorted by them.

    Raises:
        ValueError: a column is missing, or a value occurs twice.
    """
    checks.require_columns(values, [*_KEY, "order", "replicate", "value"], "table of values")
    checks.require_unique(values, [*_KEY, "order", "replicate"], "values")
    by_cell = cells.means(values.assign(persona=values["persona"].fillna(_NOBODY)), _KEY)
    item_variances = Variances(pd.DataFrame() if variances is None else variances)
    parts = [
        _series(by_cell, "model", generalise, item_variances),
        _series(_beside(by_cell), "persona", generalise, item_variances),
    ]
    return pd.concat(parts, ignore_index=True)[list(AVERAGE_DTYPES)].astype(AVERAGE_DTYPES)


def _beside(by_cell: pd.DataFrame) -> pd.DataFrame:
    """Give what belongs to nobody to each persona of the model and measure."""
    shared = by_cell["persona"] == _NOBODY
    key = ["measure", "model"]
    personas = by_cell.loc[by_cell["group"] == "persona", [*key, "persona"]].drop_duplicates()
    copies = by_cell[shared].drop(columns="persona").merge(personas, on=key)
    return pd.concat([by_cell[~shared], copies], ignore_index=True)


def _series(by_cell: pd.DataFrame, by: By, generalise: Collection[str], item_variances: Variances) -> pd.DataFrame:
    point = [by, *_PLACE]
    other = {"model": "persona", "persona": "model"}[by]
    ordered = by_cell.sort_values(_KEY)  # sums must not depend on the order of the rows
    over = ordered.rename(columns={other: "unit"} if other == "persona" else {})
    bands = cells.bands(over, point, generalise=generalise, items=lambda at: item_variances.level(at, by, at[by]))
    counts = cells.counts(ordered, point)
    missing = counts.assign(n_missing=counts["n_planned"] - counts["n_scored"])
    return bands.merge(missing[[*point, "n_missing"]], on=point).rename(columns={by: "unit"}).assign(by=by)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    files = {"values": context.outputs("values"), "variances": context.outputs("item_variances")}
    yield Instance("averages", files, generalisation(grid))


AVERAGES = table(
    "averages", averages, _instances, module=__name__, title="Measures over the dialogue by model and by persona"
)
