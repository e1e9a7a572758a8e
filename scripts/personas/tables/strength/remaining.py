"""How much of what sets personas apart at first is left, by each kind of measure: do judge, patterns, words agree?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.bootstrap import CONFIDENCE, percentiles, resampled_sums
from personas.tables.measures import placeless_measures
from personas.tables.sections import patterns_measure
from personas.tables.series.models import files_of_cards, segment_rounds, with_unjudged
from personas.tables.strength.identification import AUC, RATE
from personas.tables.strength.strength import measures_without_judge
from personas.tables.table import bootstrap, table

REMAINING_DTYPES = {
    "model": "str",
    "measure": "str",
    "kind": "str",
    "condition": "str",
    "checkpoint": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "n_cells": "int64",
}
_LINE = ["model", "measure", "condition"]


def remaining(
    values: pd.DataFrame,
    counts: pd.DataFrame,
    strength: pd.DataFrame,
    *,
    kinds: Mapping[str, str],
    personas: int,
    checkpoints: Sequence[int],
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Return, per model, measure and condition, the share of the first distance that is left at each checkpoint.

    The distance is the value less the baseline's, where the measure has one, or less what chance gives; of rounds,
    those since the checkpoint before count. The share is the mean distance of the model's personas over that at the
    first checkpoint: 1 is as at first, 0 is the baseline. Its interval draws personas again. No share where the first
    distance is not above 0 in 97.5 % of the resamples: there is nothing to lose. `n_cells` personas have both.
    `kinds` are the measures and what each is called. Columns and types: `REMAINING_DTYPES`.
    """
    everything = segment_rounds(with_unjudged(values, counts, strength), checkpoints)
    of_measures = everything[everything["measure"].isin(list(kinds))]
    chance = {AUC: 0.5, RATE: 1 / personas}
    parts = [pd.DataFrame(columns=list(REMAINING_DTYPES))]
    for (model, measure, condition), rows in of_measures.groupby(_LINE, sort=True):
        distances = _distances(rows, chance.get(str(measure)))
        distances.columns = pd.Index(list(checkpoints)[: distances.shape[1]])  # a round stands for a checkpoint
        points = pd.DataFrame(_shares(distances, resamples, seed))
        columns: dict[str, Any] = {
            "model": model,
            "measure": measure,
            "condition": condition,
            "kind": kinds[str(measure)],
        }
        parts.append(points.assign(**columns))
    return pd.concat(parts, ignore_index=True)[list(REMAINING_DTYPES)].astype(REMAINING_DTYPES)


def _distances(rows: pd.DataFrame, chance: float | None) -> pd.DataFrame:
    """Return a row per persona and a column per position."""
    own, baseline = (_by_position(rows[rows["group"] == group]) for group in ("persona", "baseline"))
    if chance is not None:
        return own - chance
    if "" in baseline.index:  # belongs to nobody, so stands beside everybody
        return own.sub(baseline.loc[""], axis="columns")
    return own - baseline.reindex(own.index)


def _by_position(rows: pd.DataFrame) -> pd.DataFrame:
    means = rows.assign(unit=rows["persona"].fillna("")).groupby(["unit", "position"], sort=True)["value"].mean()
    return means.unstack("position")


def _shares(distances: pd.DataFrame, resamples: int, seed: int) -> Iterator[dict[str, Any]]:
    first = distances.columns[0] if distances.shape[1] else None
    for checkpoint in distances.columns:
        both = distances[[checkpoint, first]].dropna().to_numpy()
        point = {"checkpoint": checkpoint, "mean": np.nan, "low": np.nan, "high": np.nan, "n_cells": len(both)}
        if len(both) > 1:
            sums = resampled_sums(both, resamples=resamples, seed=seed)
            if np.quantile(sums[:, 1], (1 - CONFIDENCE) / 2) > 0:
                low, high = percentiles(sums[:, 0] / sums[:, 1])
                point |= {"mean": both[:, 0].sum() / both[:, 1].sum(), "low": low, "high": high}
        yield point


def kinds_of(grid: Grid, context: Context) -> dict[str, str]:
    """Return what is compared: each judge's mean rating of utterances, patterns, identification; and its name."""
    ratings = {m["measure"]: f"judge {m['judge']}" for m in placeless_measures(grid) if m["of"]}
    patterns = {patterns_measure()["measure"]: "patterns"} if context.family("patterns") else {}
    names = {AUC: "told from the baseline", RATE: "identified among personas"}
    unjudged = {measure["measure"] for measure in measures_without_judge(grid, context)}
    return {**ratings, **patterns, **{measure: name for measure, name in names.items() if measure in unjudged}}


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    config = grid.study.config
    if context.one("persona_strength") and config.personas.baseline and len(config.checkpoints) > 1:
        parameters = {
            "kinds": kinds_of(grid, context),
            "personas": len(grid.study.personas),
            "checkpoints": list(config.checkpoints),
        }
        yield Instance("remaining-strength", files_of_cards(context), parameters | bootstrap(grid))


REMAINING = table("remaining_strength", remaining, _instances, module=__name__, title="What remains of the personas")
