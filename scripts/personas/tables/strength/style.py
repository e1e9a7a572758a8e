"""How far the style of answers has moved from that of the same speaker's first answers."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from personas.scoring.strength.answers import PLACE
from personas.stats.auc import draw_items
from personas.tables.strength.draws import Point

DISTANCE = "style-distance"


def style_distance(styles: pd.DataFrame, first: int, *, resamples: int, seed: int) -> Iterator[Point]:
    """Yield the distance of each persona, and of the baseline, from its own first answers to the same items.

    `styles` are those of `personas.scoring.strength.style` of one model. Each feature is measured in standard
    deviations of all answers of the model; the distance is the root of the mean over features of the squared
    shift of the mean over items. From the square is taken what chance alone adds to it on average, so that it is
    0 on average where nothing moves. Items with an answer at both checkpoints count; orders and replicates are
    averaged first.

    Source: S. Argamon, Interpreting Burrows's Delta, Literary and Linguistic Computing 23 (2008): quadratic Delta.
    """
    features = [name for name in styles.columns if name not in (*PLACE, "model")]
    styles = styles.assign(
        item=styles["benchmark"].str.cat(styles["item_id"], sep="\x1f"),
        persona=styles["persona"].where(styles["group"] == "persona", ""),
    )
    spread = styles[features].std(ddof=0)
    features = [name for name in features if spread[name] > 0]
    items = pd.Index(sorted(styles["item"].unique()))
    weights = draw_items(len(items), resamples=resamples, seed=seed)
    for (group, persona, condition), own in styles.groupby(["group", "persona", "condition"], sort=True):
        by_checkpoint = dict(iter(own.groupby("checkpoint", sort=True)))
        start = _means(by_checkpoint[first], features, spread)
        for checkpoint, rows in by_checkpoint.items():
            moved = (_means(rows, features, spread) - start).dropna()
            draws = _squares(moved.to_numpy(), weights[:, items.get_indexer(moved.index)])
            scored = int(rows[features].notna().all(axis=1).sum())
            place = (str(group), str(persona) or None, str(condition), int(str(checkpoint)))
            yield Point(DISTANCE, *place, draws, 0.0, len(moved), scored, len(rows), squared=True)


def _means(rows: pd.DataFrame, features: list[str], spread: pd.Series) -> pd.DataFrame:
    return rows.groupby("item", sort=True)[features].mean().astype("float64") / spread[features]


def _squares(moved: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the squared distance in each resample, less what chance adds: once in the sample, twice in a resample.

    `moved` holds the shifts, items x features; NaN where fewer than two items have one.
    """
    n = len(moved)
    if n < 2 or not moved.shape[1]:
        return np.full(len(weights), np.nan)
    with np.errstate(invalid="ignore"):
        means = (weights @ moved) / weights.sum(axis=1, keepdims=True)
    noise = (moved.var(axis=0, ddof=1) / n).mean()
    squares: np.ndarray = (means**2).mean(axis=1) - 2 * noise
    squares[0] += noise
    return squares
