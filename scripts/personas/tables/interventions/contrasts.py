"""Paired differences of dialogues with an intervention, at each position."""

from collections.abc import Collection, Iterator

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.intervals import UNITS
from personas.stats.pairs import POINT, against_baseline, cell_means, since_first, with_intervention
from personas.tables.contrasts import CONTRAST_DTYPES, family
from personas.tables.table import generalisation, table

INTERVENTION_CONTRAST_DTYPES = {"intervention": "str", **CONTRAST_DTYPES}
_FAMILY = [key for key in POINT if key != "position"]


def intervention_contrasts(
    values: pd.DataFrame, without: pd.DataFrame, *, generalise: Collection[str] = UNITS
) -> pd.DataFrame:
    """Return a row for each intervention, measure, contrast, condition, group and position; as `contrasts`.

    Contrasts: `intervention` (with it minus without it: same model, persona, condition and position, of personas and
    of the baseline, if that goes through it), `progression` (a position minus the first, with the intervention), and
    `baseline` (persona minus baseline: the baseline with the same intervention, or, where an intervention speaks of
    the persona, that without any). `values` and `without` are `tables/intervention-values` and `tables/values`.
    """
    plain = cell_means(without)
    parts = [
        family(rows, generalise).assign(intervention=slug)
        for slug, own in values.groupby("intervention", sort=False)
        for _, rows in _pairs(cell_means(own), plain).groupby(_FAMILY, dropna=False, sort=True)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(INTERVENTION_CONTRAST_DTYPES))
    return table[list(INTERVENTION_CONTRAST_DTYPES)].astype(INTERVENTION_CONTRAST_DTYPES)


def _pairs(cells: pd.DataFrame, plain: pd.DataFrame) -> pd.DataFrame:
    beside = plain[plain["group"] == "baseline"]
    if (cells["group"] == "baseline").any():
        beside = cells[cells["group"] == "baseline"]
    personas = cells[cells["group"] == "persona"]
    parts = [with_intervention(cells, plain), since_first(cells), against_baseline(pd.concat([personas, beside]))]
    return pd.concat(parts, ignore_index=True)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if values := context.outputs("intervention_values"):
        yield Instance(
            "intervention-contrasts", {"values": values, "without": context.outputs("values")}, generalisation(grid)
        )


INTERVENTION_CONTRASTS = table("intervention_contrasts", intervention_contrasts, _instances, module=__name__)
