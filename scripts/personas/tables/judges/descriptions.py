"""What the description does to the judge: the same responses rated with it in the prompt, and without."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.stats.intervals import UNITS, estimate
from personas.stats.items import of_cells, of_items, over_items
from personas.tables.judges.twice import pairs_of, values_of
from personas.tables.latex import Column
from personas.tables.table import INTERVAL, Layout, generalisation, table, texts

DESCRIPTION_DTYPES = {
    "judge": "str",
    "metric": "str",
    "n": "int64",
    "n_missing": "int64",
    "mean_with": "float64",
    "mean_without": "float64",
    "difference": "float64",
    "difference_low": "float64",
    "difference_high": "float64",
    "p": "float64",
    "over": "str",
}


def descriptions(cells: Sequence[Path], *, generalise: Collection[str] = UNITS, frozen: FrozenPlan) -> pd.DataFrame:
    """Return a row for each judge and metric of which some responses of personas were judged both ways.

    `cells` are the second judgements and the first ones. `difference` is the mean value with the description minus
    that without, in the unit of the metric, over cells of a model and a persona that count the same, with the
    interval of `personas.stats.intervals`. `n` responses have both values, `n_missing` lack one. Columns and types:
    `DESCRIPTION_DTYPES`.
    """
    both = values_of(cells, frozen)
    is_described = both["second"] == "described"
    both["with"] = both["value_second"].where(is_described, both["value_first"])
    both["without"] = both["value_first"].where(is_described, both["value_second"])
    rows = [_row(part, generalise) for _, part in both.groupby(["judge", "metric"], sort=True)]
    return pd.DataFrame(rows, columns=list(DESCRIPTION_DTYPES)).astype(DESCRIPTION_DTYPES)


def _row(part: pd.DataFrame, generalise: Collection[str]) -> dict[str, Any]:
    pairs = part.dropna(subset=["with", "without"])
    differences = pairs.assign(value=pairs["with"] - pairs["without"])
    values = of_cells(differences.groupby(["model", "persona", "item_id"])["value"].mean().reset_index())
    difference = estimate(over_items(values), generalise=generalise, items=of_items(values))
    return {
        **{key: part[key].iat[0] for key in ("judge", "metric")},
        "n": len(pairs),
        "n_missing": len(part) - len(pairs),
        "mean_with": pairs["with"].mean(),
        "mean_without": pairs["without"].mean(),
        **difference.as_columns("difference"),
        "p": difference.p,
        "over": difference.over,
    }


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if cells := pairs_of(grid, ["described", "undescribed"]):
        yield Instance("descriptions", {"cells": cells}, generalisation(grid), reads_texts=True)


DESCRIPTIONS = table(
    "descriptions",
    descriptions,
    _instances,
    module=__name__,
    title="What the persona's description does to the judge",
    from_files=True,
    with_plan=True,
    layout=Layout(
        (
            *texts("judge", "metric", "n", "n_missing"),
            Column("With", "mean_with"),
            Column("Without", "mean_without"),
            Column("Difference", "difference", ("difference_low", "difference_high")),
            *texts("over"),
        ),
        "What the description of the persona does to the judge: mean values of the same responses, judged with the "
        "description in the prompt and without.",
        {"n": "responses judged both ways"},
        INTERVAL,
    ),
)
