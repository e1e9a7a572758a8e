"""Every measure over the dialogue, over all models together: what the overview draws."""

from collections.abc import Collection, Iterator, Sequence

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats import cells
from personas.stats.intervals import UNITS
from personas.tables.items.variances import Variances
from personas.tables.series.models import MODEL_SERIES_DTYPES, files_of_cards, segment_rounds, with_unjudged
from personas.tables.table import generalisation, table

OVERALL_DTYPES = {name: kind for name, kind in MODEL_SERIES_DTYPES.items() if name != "model"}
_POINT = list(OVERALL_DTYPES)[:5]


def overall_series(
    values: pd.DataFrame,
    checkpoints: Sequence[int],
    variances: pd.DataFrame | None = None,
    *,
    generalise: Collection[str] = UNITS,
) -> pd.DataFrame:
    """Return mean and interval per measure, condition, group and position, over (model, persona) cells.

    `values` and `variances` as for `personas.tables.series.models.model_series`, which does the same for each model.
    Columns and types: `OVERALL_DTYPES`.
    """
    rows = segment_rounds(values, checkpoints)
    if rows.empty:
        return pd.DataFrame(columns=list(OVERALL_DTYPES)).astype(OVERALL_DTYPES)
    means = cells.means(rows.assign(unit=rows["persona"].fillna("")), [*_POINT, "model", "unit"])
    counts = rows.groupby(_POINT, sort=True)[["n_scored", "n_planned"]].sum().reset_index()
    item_variances = Variances(pd.DataFrame() if variances is None else variances)
    points = cells.bands(means, _POINT, generalise=generalise, items=item_variances.level)
    joined = points.merge(counts, on=_POINT, validate="one_to_one")
    return joined[list(OVERALL_DTYPES)].astype(OVERALL_DTYPES)


def series_of_all_models(
    values: pd.DataFrame,
    counts: pd.DataFrame,
    strength: pd.DataFrame,
    variances: pd.DataFrame,
    *,
    checkpoints: Sequence[int],
    generalise: Collection[str],
) -> pd.DataFrame:
    """Return `overall_series` of values, patterns, and what is measured without a judge."""
    return overall_series(with_unjudged(values, counts, strength), checkpoints, variances, generalise=generalise)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    parameters = {"checkpoints": list(grid.study.config.checkpoints), **generalisation(grid)}
    files = {**files_of_cards(context), "variances": context.outputs("item_variances")}
    yield Instance("overall-series", files, parameters)


OVERALL_SERIES = table(
    "overall_series",
    series_of_all_models,
    _instances,
    module=__name__,
    title="Measures over the dialogue, all models together",
)
