"""How well a classifier tells a persona's answers from the baseline's, and personas from each other."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from personas.stats.auc import draw_items, weighted_auc, weighted_mean
from personas.tables.strength.draws import Point

Place = tuple[str, str, str, int]
_TAUGHT = 3.0
"""How many times the variance over items is that at the checkpoint which taught the classifiers.

Our own: that two items teach each other makes it twice; where nothing tells, twice is not enough in
`tests.synthetic.strength` (a change is said in 26 of 300 seeds), and three times is."""
AUC, RATE = "identification-auc", "identification-rate"


def identification(scores: pd.DataFrame, personas: int, first: int, *, resamples: int, seed: int) -> Iterator[Point]:
    """Yield AUC and identification rate of each persona of a model, in each condition at each checkpoint.

    `scores` are those of `personas.scoring.strength.identification` of one model. The AUC is the share of pairs of an
    answer of the persona and one of the baseline, all items together, in which the former has the larger log odds of
    being the persona's; 0.5 where nothing tells them apart. The rate is the share of the persona's answers to shared
    items for which the persona itself is named, 1 / personas by chance. All are resampled by the same draws of items,
    those at the `first` checkpoint with more variance (`_as_taught`).
    """
    scores = scores.assign(item=_codes(scores))
    weights = draw_items(scores["item"].nunique(), resamples=resamples, seed=seed)
    for (persona, condition, checkpoint), rows in scores.groupby(["persona", "condition", "checkpoint"], sort=True):
        place = ("persona", str(persona), str(condition), int(str(checkpoint)))
        of_persona, other = (rows[rows["group"] == group] for group in ("persona", "baseline"))
        if len(other):
            yield _as_taught(_auc(place, of_persona, other, weights), first)
        if len(on_shared := of_persona[of_persona["is_shared"]]):
            yield _as_taught(_rate(place, on_shared, weights, personas), first)


def _as_taught(point: Point, first: int) -> Point:
    """Give the draws of the checkpoint at which classifiers were trained the variance that they lack.

    There each two items of different folds are told by weights that the other taught: what they have in common by
    chance misleads both, and a resample of items, with the classifiers as they are, knows of one of them only.
    """
    if point.checkpoint != first:
        return point
    value = point.draws[:1]
    return replace(point, draws=np.clip(value + np.sqrt(_TAUGHT) * (point.draws - value), 0.0, 1.0))


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


def _rate(place: Place, rows: pd.DataFrame, weights: np.ndarray, personas: int) -> Point:
    with_guess = rows.dropna(subset=["named"])
    right = (with_guess["named"] == with_guess["persona"]).to_numpy(float)
    draws = weighted_mean(right, weights[:, with_guess["item"].to_numpy()])
    return Point(RATE, *place, draws, 1 / personas, with_guess["item"].nunique(), len(with_guess), len(rows))
