"""A straight line through few points."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

FEWEST = 3


@dataclass(frozen=True)
class Line:
    """One mapping per term (intercept, size): coefficient, se, z, p, low, high; NaN where nothing is fitted."""

    terms: list[dict[str, Any]]
    status: Literal["ok", "too-few", "singular"]


def line(x: pd.Series, y: pd.Series, term: str = "size") -> Line:
    """Fit y ~ 1 + x by least squares; points without y stay out. z is Student's t, with n - 2 degrees of freedom.

    `too-few`: fewer than three points, or one x; `singular`: all on the line, so that nothing is known of how far
    points lie off it. Source: ordinary least squares, as in SciPy.
    """
    from scipy import stats  # slow to import, and only a table of models needs it

    present = y.notna()
    x, y = x[present].astype("float64"), y[present]
    if len(x) < FEWEST or x.nunique() < 2:
        return Line(_gaps(term), "too-few")
    result = stats.linregress(x, y)
    if result.stderr <= 1e-10 * max(float(y.abs().max()), np.finfo(float).tiny):
        return Line(_gaps(term), "singular")
    freedom = len(x) - 2
    half = float(stats.t.ppf(0.975, freedom))
    both = (("intercept", result.intercept, result.intercept_stderr), (term, result.slope, result.stderr))
    return Line([_term(name, float(at), float(se), half, freedom) for name, at, se in both], "ok")


def _term(name: str, coefficient: float, se: float, half: float, freedom: int) -> dict[str, Any]:
    from scipy.special import stdtr

    z = coefficient / se
    bounds = {"low": coefficient - half * se, "high": coefficient + half * se}
    p = float(2 * stdtr(freedom, -abs(z)))
    return {"term": name, "coefficient": coefficient, "se": se, "z": z, "p": p, **bounds}


def _gaps(term: str) -> list[dict[str, Any]]:
    numbers = dict.fromkeys(("coefficient", "se", "z", "p", "low", "high"), np.nan)
    return [{"term": name, **numbers} for name in ("intercept", term)]
