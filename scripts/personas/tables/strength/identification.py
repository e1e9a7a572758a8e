"""How well a classifier tells a persona's answers from the baseline's, and personas from each other."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from personas.stats.auc import draw_items, weighted_auc, weighted_mean
from personas.tables.strength.draws import Point

Place = tuple[str, str, str, int]
AUC, RATE = "identification-auc", "identification-rate"


def identification(scores: pd.DataFrame, personas: int, *, resamples: int, seed: int) -> Iterator[Point]:
    """Yield AUC and identification rate of each persona of a model, in each condition at each checkpoint.

    `scores` are those of `personas.scoring.strength.identification` of one model. The AUC is the share of pairs of an
    answer of the persona and one of the baseline, all items together, in which the former has the larger log odds of
    being the persona's; 0.5 where nothing tells them apart. The rate is the share of the persona's answers to shared
    items for which the persona itself is named, 1 / personas by chance. All are resampled by the same draws of items.
    """
    scores = scores.assign(item=_codes(scores))
    weights = draw_items(scores["item"].nunique(), resamples=resamples, seed=seed)
    for (persona, condition, checkpoint), rows in scores.groupby(["persona", "condition", "checkpoint"], sort=True):
        place = ("persona", str(persona), str(condition), int(str(checkpoint)))
        own, other = (rows[rows["group"] == group] for group in ("persona", "baseline"))
        if len(other):
            yield _auc(place, own, other, weights)
        if len(shared := own[own["is_shared"]]):
            yield _rate(place, shared, weights, personas)


def _codes(rows: pd.DataFrame) -> np.ndarray:
    """Return the number of each row's item, in the order of their names."""
    codes: np.ndarray = rows["benchmark"].str.cat(rows["item_id"], sep="\x1f").rank(method="dense").to_numpy(int) - 1
    return codes


def _auc(place: Place, own: pd.DataFrame, other: pd.DataFrame, weights: np.ndarray) -> Point:
    above, below = (rows.dropna(subset=["score"]) for rows in (own, other))
    draws = weighted_auc(
        above["score"].to_numpy(),
        below["score"].to_numpy(),
        weights[:, above["item"].to_numpy()],
        weights[:, below["item"].to_numpy()],
    )
    n_scored, n_planned = len(above) + len(below), len(own) + len(other)
    return Point(AUC, *place, draws, 0.5, above["item"].nunique(), n_scored, n_planned)


def _rate(place: Place, own: pd.DataFrame, weights: np.ndarray, personas: int) -> Point:
    known = own.dropna(subset=["named"])
    right = (known["named"] == known["persona"]).to_numpy(float)
    draws = weighted_mean(right, weights[:, known["item"].to_numpy()])
    return Point(RATE, *place, draws, 1 / personas, known["item"].nunique(), len(known), len(own))
