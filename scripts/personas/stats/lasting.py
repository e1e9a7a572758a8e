"""From where on a drop is there, and stays: the first position from which all later ones are significant."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from personas.stats.sign_flip_test import p_values, q_values

LEVEL = 0.05
DROPS, NO_DROP, TOO_FEW = "drops", "no-lasting-drop", "too-few"
"""Verdicts; "too-few": with so few pairs no sign-flip test can fall below the level, whatever the values are."""


class Lasting(NamedTuple):
    """`since`: the position (NaN without); `q` at the last position."""

    since: float
    verdict: str
    q: float


def lasting_drop(cells: pd.DataFrame, sign: int, *, seed: int = 42, level: float = LEVEL) -> Lasting:
    """Tell from which position on a drop lasts: q below `level` in the direction `sign` (-1, 1) there and ever after.

    `cells` has a row per pair and a column per position, ascending, at least two. Each position is compared with
    the first, pair by pair, by a two-sided sign-flip test of the mean difference; q are the p values of all
    positions after Benjamini and Hochberg (`sign_flip_test`). A position where no pair has a value is not
    significant.
    """
    changes = cells.iloc[:, 1:].sub(cells.iloc[:, 0], axis=0)
    q = q_values(p_values(changes.to_numpy(), seed=seed))
    if 2.0 / 2 ** int(changes.count().max()) >= level:
        return Lasting(np.nan, TOO_FEW, float(q[-1]))
    drop = (q < level) & (np.sign(changes.mean().to_numpy()) == sign)
    lasts = np.logical_and.accumulate(drop[::-1])[::-1]
    if not lasts.any():
        return Lasting(np.nan, NO_DROP, float(q[-1]))
    return Lasting(float(changes.columns[int(np.argmax(lasts))]), DROPS, float(q[-1]))
