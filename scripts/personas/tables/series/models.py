"""Every measure of every model over the dialogue: what a model's card draws."""

from collections.abc import Collection, Iterator, Sequence

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats import cells
from personas.stats.intervals import UNITS
from personas.tables.items.variances import MODEL, Variances
from personas.tables.measures import PATTERNS
from personas.tables.series.rounds import segments
from personas.tables.strength.measures import strength_values
from personas.tables.table import generalisation, table

MODEL_SERIES_DTYPES = {
    "model": "str",
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
    "n_scored": "int64",
    "n_planned": "int64",
}
_POINT = ["model", "measure", "condition", "group", "axis", "position"]
_TRACK = ["measure", "model", "group", "persona", "condition", "order", "replicate"]


def model_series(
    values: pd.DataFrame,
    checkpoints: Sequence[int],
    variances: pd.DataFrame | None = None,
    *,
    generalise: Collection[str] = UNITS,
) -> pd.DataFrame:
    """Return mean and interval per model, measure, condition, group and position.

    `values` is a table of `personas.tables.values`, `variances` what items add (`personas.tables.items.variances`).
    Orders and replicates are averaged first; mean, low and high then run over the model's personas and items, of the
    baseline over those whose items it answered. Rounds are averaged in the segments between checkpoints
    (`segment_rounds`). A point without a value keeps its row, with NaN and `n_cells` 0. `n_scored` of `n_planned`
    ratings have a value. Columns and types: `MODEL_SERIES_DTYPES`.
    """
    rows = segment_rounds(values, checkpoints)
    if rows.empty:
        return pd.DataFrame(columns=list(MODEL_SERIES_DTYPES)).astype(MODEL_SERIES_DTYPES)
    means = cells.means(rows.assign(unit=rows["persona"].fillna("")), [*_POINT, "unit"])
    counts = rows.groupby(_POINT, sort=True)[["n_scored", "n_planned"]].sum().reset_index()
    item_variances = Variances(pd.DataFrame() if variances is None else variances)
    points = cells.bands(
        means,
        _POINT,
        generalise=generalise,
        items=lambda at: item_variances.level(at, MODEL, at["model"]),
    ).merge(counts, on=_POINT, validate="one_to_one")
    return points[list(MODEL_SERIES_DTYPES)].astype(MODEL_SERIES_DTYPES)


def segment_rounds(values: pd.DataFrame, checkpoints: Sequence[int]) -> pd.DataFrame:
    """Return values with each dialogue's rounds averaged in segments, which stand at their last round.

    The segments are those of `personas.tables.series.rounds.segments`: the first round alone, then the rounds since
    the checkpoint before. Values by checkpoint stay as they are.
    """
    by_round = values["axis"] == "round"
    rounds = values[by_round]
    parts = [values[~by_round]]
    for first, last in segments(checkpoints, int(rounds["position"].max())) if len(rounds) else []:
        of_segment = rounds[rounds["position"].between(first, last)].groupby(_TRACK, sort=True, dropna=False)
        aggregates = {"value": ("value", "mean"), "n_scored": ("n_scored", "sum"), "n_planned": ("n_planned", "sum")}
        parts.append(of_segment.agg(**aggregates).reset_index().assign(axis="round", position=last))
    return pd.concat(parts, ignore_index=True)


def whole_segments(values: pd.DataFrame) -> pd.DataFrame:
    """Leave out, of values by `segment_rounds`, the first round where several segments follow.

    It stands alone there, and is often a welcome: what comes after is compared with the first segment of several
    rounds, in which a welcome or a farewell weighs little.
    """
    by_round = values["axis"] == "round"
    alone = by_round & (values["position"] == 1)
    several = values.loc[by_round, "position"].nunique() > 2
    return values[~alone] if several else values


def pattern_values(counts: pd.DataFrame) -> pd.DataFrame:
    """Return how often the persona's patterns are in answers, shaped like a table of values; measure `PATTERNS`.

    `counts` is what `personas.tables.series.patterns.pattern_series` takes. A (model, persona, condition) cell's
    value is hits / (patterns x documents), each summed over its benchmarks first; NaN without patterns or documents.
    `group` tells in whose answers they were counted; the baseline's belong to the persona whose patterns they are.
    Answers of benchmarks in which patterns were found count as scored.
    """
    of_personas = counts[counts["pattern_group"] == "persona"]
    pairs = of_personas.assign(
        pairs=(of_personas["n_patterns"] * of_personas["n_documents"]).astype("float64"),
        n_scored=of_personas["n_documents"].where(of_personas["n_patterns"] > 0, 0),
    )
    keys = ["model", "persona", "condition", "checkpoint", "speaker"]
    by_cell = pairs.groupby(keys, sort=True)[["n_hits", "pairs", "n_scored", "n_documents"]].sum().reset_index()
    by_cell["value"] = by_cell["n_hits"].astype("float64") / by_cell["pairs"].where(by_cell["pairs"] > 0)
    table = by_cell.rename(columns={"checkpoint": "position", "speaker": "group", "n_documents": "n_planned"})
    return table.assign(measure=PATTERNS, axis="checkpoint", order="fixed", replicate=1)


def with_unjudged(values: pd.DataFrame, counts: pd.DataFrame, strength: pd.DataFrame) -> pd.DataFrame:
    """Return the values of a grid, and in the same form how often patterns occur and how strong personas are.

    `counts` and `strength` may be empty.
    """
    more = [make(table) for make, table in ((pattern_values, counts), (strength_values, strength)) if len(table)]
    return pd.concat([values, *more]) if more else values


def series_of_models(
    values: pd.DataFrame,
    counts: pd.DataFrame,
    strength: pd.DataFrame,
    variances: pd.DataFrame,
    *,
    checkpoints: Sequence[int],
    generalise: Collection[str],
) -> pd.DataFrame:
    """Return `model_series` of values, patterns, and what is measured without a judge."""
    everything = with_unjudged(values, counts, strength)
    return model_series(everything, checkpoints, variances, generalise=generalise)


def files_of_cards(context: Context) -> dict[str, list[str]]:
    """Return the inputs of what stands on model cards."""
    return {
        "values": context.outputs("values"),
        "counts": [artefact.outputs[1] for artefact in context.family("patterns")],
        "strength": context.outputs("persona_strength"),
    }


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    parameters = {"checkpoints": list(grid.study.config.checkpoints), **generalisation(grid)}
    files = {**files_of_cards(context), "variances": context.outputs("item_variances")}
    yield Instance("model-series", files, parameters)


MODEL_SERIES = table(
    "model_series", series_of_models, _instances, module=__name__, title="Measures over the dialogue by model"
)
