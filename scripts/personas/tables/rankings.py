"""Models and personas in the order of what was measured."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.cells import matrix
from personas.stats.intervals import UNITS, estimate
from personas.tables.items.variances import Variances
from personas.tables.latex import Column
from personas.tables.measures import placeless_measures
from personas.tables.table import INTERVAL, Layout, generalisation, table, texts

RANKING_DTYPES = {
    "of": "str",
    "measure": "str",
    "condition": "str",
    "position": "int64",
    "rank": "float64",
    "name": "str",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "better": "str",
    "scale": "str",
    "n_cells": "int64",
    "n_missing": "int64",
    "n_scored": "int64",
    "n_planned": "int64",
}
_CELL = ["model", "persona", "position"]


def rankings(
    values: pd.DataFrame,
    measures: Sequence[Mapping[str, Any]],
    variances: pd.DataFrame | None = None,
    *,
    generalise: Collection[str] = UNITS,
) -> pd.DataFrame:
    """Return models, and personas, ranked by each measure at its first and last position; columns `RANKING_DTYPES`.

    Only personas' values count, not the baseline's. A model's value is the mean over its personas, a persona's over
    the models, each (model, persona) cell averaged over orders and replicates first; low and high run over cells and
    items (`personas.stats.intervals`; `variances` are `personas.tables.items.variances`). Rank 1 is the best by the
    measure's `better` (of a neutral measure the largest); equal values share the smaller rank, one without a value
    has none (NaN). `n_missing` counts cells without a value.
    """
    of_personas = values[values["group"] == "persona"]
    item_variances = Variances(pd.DataFrame() if variances is None else variances)
    rows = [row for measure in measures for row in _of_measure(of_personas, measure, generalise, item_variances)]
    return pd.DataFrame(rows, columns=list(RANKING_DTYPES)).astype(RANKING_DTYPES)


def _of_measure(
    values: pd.DataFrame, measure: Mapping[str, Any], generalise: Collection[str], item_variances: Variances
) -> Iterator[dict[str, Any]]:
    rows = values[values["measure"] == measure["measure"]]
    about = {key: measure[key] for key in ("measure", "better", "scale")}
    for condition, part in rows.groupby("condition", sort=True):
        for position in sorted({part["position"].min(), part["position"].max()}):
            there = part[part["position"] == position]
            for of in ("model", "persona"):
                ranked = _rank(there, of, measure["better"], generalise, item_variances)
                yield from (
                    {**about, "of": of, "condition": condition, "position": position, **row} for row in ranked
                )


def _rank(
    values: pd.DataFrame, of: str, better: str, generalise: Collection[str], item_variances: Variances
) -> list[dict[str, Any]]:
    where = {str(name): value for name, value in values.iloc[0].items()}
    cells = values.groupby(_CELL, sort=True).agg(
        value=("value", "mean"), n_scored=("n_scored", "sum"), n_planned=("n_planned", "sum")
    )
    rows = []
    for name, part in cells.reset_index().groupby(of, sort=True):
        items = item_variances.level(where, of, str(name))
        of_unit = matrix(part.rename(columns={"persona": "unit"}))
        mean, low, high, _, over, n = estimate(of_unit, generalise=generalise, items=items)
        counts = {key: int(part[key].sum()) for key in ("n_scored", "n_planned")}
        rows.append(
            {
                "name": name,
                "mean": mean,
                "low": low,
                "high": high,
                "over": over,
                "n_cells": n,
                "n_missing": len(part) - n,
                **counts,
            }
        )
    means = pd.Series([row["mean"] for row in rows], dtype="float64")
    ranks = means.rank(method="min", ascending=better == "lower")
    ranked = [{**row, "rank": rank} for row, rank in zip(rows, ranks, strict=True)]
    return sorted(ranked, key=lambda row: (row["rank"] != row["rank"], row["rank"], row["name"]))


def _last(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at the last position of each measure and condition."""
    last = table.groupby(["measure", "condition"])["position"].transform("max")
    return table[table["position"] == last]


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    parameters = {"measures": placeless_measures(grid), **generalisation(grid)}
    files = {"values": context.outputs("values"), "variances": context.outputs("item_variances")}
    yield Instance("rankings", files, parameters)


RANKINGS = table(
    "rankings",
    rankings,
    _instances,
    module=__name__,
    title="Rankings of models and personas",
    layout=Layout(
        (
            *texts("of", "measure", "condition"),
            Column("Rank", "rank", decimals=0),
            Column("Name", "name"),
            Column("Mean", "mean", ("low", "high"), percent=True),
            *texts("n_cells", "n_missing"),
        ),
        "Models and personas by each measure at its last position; shares in percent.",
        {"n_cells": "cells (model, persona)"},
        INTERVAL,
        _last,
    ),
)
