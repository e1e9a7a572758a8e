"""What this grid can show: the smallest difference that each claim would find, by how much its values differ."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.cells import matrix
from personas.stats.intervals import UNITS, Items
from personas.stats.pairs import DECIMALS, cell_means
from personas.stats.power import Size, Spread, detectable, halving, units_over
from personas.tables.by_model import LENGTH, PERSONALIZATION, differences, items_of
from personas.tables.items.variances import Variances
from personas.tables.latex import Column
from personas.tables.measures import headline_measures, placeless_measures
from personas.tables.series.models import segment_rounds, whole_segments
from personas.tables.table import Layout, generalisation, table, texts

POWER_DTYPES = {
    "measure": "str",
    "contrast": "str",
    "condition": "str",
    "smallest": "float64",
    "over": "str",
    "halved_by": "str",
    "n_models": "int64",
    "n_personas": "int64",
    "n_items": "int64",
    "n_replicates": "int64",
    "nested": "bool",
    "sd_models": "float64",
    "sd_personas": "float64",
    "sd_pairs": "float64",
    "sd_items": "float64",
    "sd_answers": "float64",
}
_PLACE = ["measure", "contrast", "condition"]


def power_of_claims(
    values: pd.DataFrame,
    variances: pd.DataFrame,
    *,
    measures: Collection[str],
    conditions: Sequence[str],
    checkpoints: Sequence[int],
    replicates: int,
    generalise: Collection[str] = UNITS,
) -> pd.DataFrame:
    """Return, for `length` (per condition) and `personalization` of each measure, what a study like this one finds.

    `smallest` is the difference, in the measure's unit, that is found with 80 % power by the interval over all
    models (`tables/by-model`), whatever was found here; NaN with too few units. `halved_by` says how many times as
    many of something would halve it. The spreads (`sd_...`, `personas.stats.power.Spread`) are estimated from the
    differences of these cells by the method of moments; what one model or persona cannot show counts as 0, and is
    not spoken of. Columns and types: `POWER_DTYPES`, sorted by the first three.
    """
    of_measures = values[values["measure"].isin(measures)]
    cells, ends = cell_means(of_measures), cell_means(whole_segments(segment_rounds(of_measures, checkpoints)))
    parts = list(differences(cells, ends, conditions)) if len(of_measures) else []
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*_PLACE, "ours"])
    is_claimed = rows["contrast"].isin((LENGTH, PERSONALIZATION)) & rows["ours"].astype(bool)
    rows = rows[is_claimed & rows["value"].notna()] if len(rows) else rows
    item_variances = Variances(variances)
    results = [
        _row(part, item_variances, replicates, generalise)
        for _, part in rows.groupby(_PLACE, dropna=False, sort=True)
    ]
    table = pd.DataFrame(results, columns=list(POWER_DTYPES)).astype(POWER_DTYPES)
    float_columns = [name for name, kind in POWER_DTYPES.items() if kind == "float64"]
    return table.assign(**{name: table[name].round(DECIMALS) + 0.0 for name in float_columns})


def _row(
    rows: pd.DataFrame, item_variances: Variances, replicates: int, generalise: Collection[str]
) -> dict[str, Any]:
    by_pair = rows.groupby(["model", "persona"], sort=True)["value"].mean().reset_index(name="value")
    cells = matrix(by_pair.rename(columns={"persona": "unit"}))
    cells = cells[~np.isnan(cells).all(axis=1)][:, ~np.isnan(cells).all(axis=0)]
    items = items_of(rows, item_variances, None)
    spread, size = spread_of(cells, items), size_of(cells, items, replicates)
    return {
        **{key: rows.iloc[0][key] for key in _PLACE},
        "smallest": detectable(spread, size, generalise),
        "over": ", ".join(units_over(size, generalise)),
        "halved_by": levers(halving(spread, size, generalise)) if units_over(size, generalise) else "",
        **{f"n_{name}": getattr(size, name) for name in ("models", "personas", "items", "replicates")},
        "nested": size.nested,
        **{f"sd_{name}": getattr(spread, name) for name in ("models", "personas", "pairs", "items", "answers")},
    }


def levers(factors: Mapping[str, int]) -> str:
    """Return what would halve a difference, in words: the least of each, the smallest factor first."""
    ordered = sorted(factors.items(), key=lambda one: one[1])
    return " or ".join(f"{factor}x {what}" for what, factor in ordered) or "nothing alone"


def size_of(cells: np.ndarray, items: Items | None, replicates: int) -> Size:
    """Return how many of everything stand behind a table of cells (models x personas)."""
    models, personas = cells.shape
    if items is None:
        return Size(models, personas, 0, replicates)
    own = max(1, round(items.n / personas)) if items.nested else items.n
    return Size(models, personas, own, replicates, bool(items.nested))


def spread_of(cells: np.ndarray, items: Items | None) -> Spread:
    """Return how much cells and items differ, by the method of moments; components below 0 are 0.

    Source: as in `personas.stats.intervals.variance`, solved for its parts.
    """
    models, personas = cells.shape
    present = ~np.isnan(cells)
    residuals = np.where(present, cells - (cells[present].mean() if present.any() else 0.0), 0.0)
    of_models, of_personas = residuals.sum(axis=1) / personas, residuals.sum(axis=0) / models
    inner = residuals - of_models[:, None] - of_personas[None, :]
    freedom = (models - 1) * (personas - 1)
    interaction = float((inner**2).sum() / freedom) if freedom else 0.0
    answers, shared = 0.0, 0.0
    if items is not None and np.isfinite(items.total):
        n = items.n / personas if items.nested else items.n
        shared = items.shared * items.n if not items.nested else 0.0
        answers = max(items.total - items.shared, 0.0) * models * personas * n
        interaction = max(interaction, answers / n) if not freedom else interaction
        pairs = max(interaction - answers / n, 0.0)
    else:
        pairs = interaction
    return Spread(
        _component(of_models, interaction / personas),
        _component(of_personas, interaction / models),
        float(pairs**0.5),
        float(shared**0.5),
        float(answers**0.5),
        measured=True,
    )


def _component(means: np.ndarray, noise: float) -> float:
    """Return the standard deviation of a unit's own part, given the units' means and the variance of their noise."""
    return float(max(means.var(ddof=1) - noise, 0.0) ** 0.5) if len(means) > 1 else 0.0


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    config = grid.study.config
    in_values = {measure["measure"] for measure in placeless_measures(grid)}
    parameters: dict[str, Any] = {
        "measures": [name for name in headline_measures(grid) if name in in_values],
        "conditions": list(config.conditions),
        "checkpoints": list(config.checkpoints),
        "replicates": config.replicates,
        **generalisation(grid),
    }
    yield Instance(
        "power", {"values": context.outputs("values"), "variances": context.outputs("item_variances")}, parameters
    )


POWER = table(
    "power",
    power_of_claims,
    _instances,
    module=__name__,
    title="The smallest differences that this grid can show",
    layout=Layout(
        (
            *texts("measure", "contrast", "condition"),
            Column("Smallest difference", "smallest", decimals=3),
            *texts("over", "halved_by", "n_models", "n_personas", "n_items", "n_replicates"),
        ),
        "The smallest difference that a study of this size finds with 80 % power, in the measure's unit (shares from "
        "0 to 1), by how much its values differ; and what would halve it.",
        {},
        "",
    ),
)
